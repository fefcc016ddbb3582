# This precedes the commands of the documentation when a test runs them. Commands of
# billwalk and DuckDB are run; those that end only when stopped, or need a bucket with versions,
# have their flags checked.

billwalk() {
  case $* in
    bench* | receive* | sandbox* | *" --versions "*) command billwalk "$@" --help >/dev/null ;;
    *) command billwalk "$@" ;;
  esac
}

export -f billwalk

duckdb() {
  if ! type -P duckdb >/dev/null && [[ ! ${BILLWALK_REQUIRE_DUCKDB:-} ]]; then
    cat >/dev/null </dev/stdin
    return
  fi
  command duckdb -bail "$@"
}

go() {
  case "$1 $2" in
    "run ./cmd/billwalk") billwalk "${@:3}" ;;
    "build -o") printf '#!/bin/bash\nbillwalk "$@"\n' >"$3" && chmod +x "$3" ;;
    "test "*) go_test "${@:2}" ;;
    "vet "*) ;;
    *) return 1 ;;
  esac
}

# go_test checks that a package has the tests or benchmarks that are named.
go_test() {
  local names="" package="" argument
  while (($#)); do
    argument=$1
    shift
    case $argument in
      -run | -bench | -fuzz) names+="|$1"; shift ;;
      -timeout | -benchtime | -fuzztime | -count) shift ;;
      ./*) package=$argument ;;
    esac
  done
  [[ $package == ./... ]] && return
  [[ -d $package ]] || { echo "there is no package $package"; return 1; }
  for argument in $(tr -c 'A-Za-z0-9_\n' ' ' <<<"$names"); do
    grep -q "^func [A-Za-z]*$argument" "$package"/*_test.go || { echo "$package has no $argument"; return 1; }
  done
}

# They need a cluster or a registry.
kubectl() { :; }
docker() { :; }
