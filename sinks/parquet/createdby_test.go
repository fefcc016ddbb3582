package parquet

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The grammars by which parquet-mr reads created_by (VersionParser,
// SemanticVersion), and the older one that is documented with the format.
var (
	parquetFormat    = regexp.MustCompile(`^(.+) version ((.*) )?\(build ?(.*)\)$`)
	versionParser    = regexp.MustCompile(`^(.*?)\s+version\s*(?:([^(]*?)\s*(?:\(\s*build\s*([^)]*?)\s*\))?)?$`)
	semanticVersions = regexp.MustCompile(`^(\d+)\.(\d+)\.(\d+)([^-+]*)?(?:-([^+]*))?(?:\+(.*))?$`)
)

// parseCreatedBy parses created_by as parquet-mr does.
func parseCreatedBy(t *testing.T, text string) (version, build string) {
	t.Helper()
	old, found := parquetFormat.FindStringSubmatch(text), versionParser.FindStringSubmatch(text)
	if old == nil || found == nil || found[1] != "billwalk" || found[3] == "" || old[3] != found[2] || old[4] != found[3] {
		t.Fatalf("parquet-mr parses %q as %q and %q", text, old, found)
	}
	semantic := semanticVersions.FindStringSubmatch(found[2])
	if semantic == nil {
		t.Fatalf("%q is no semantic version", found[2])
	}
	for _, number := range append(semantic[1:4], strings.Split(semantic[5], ".")...) {
		if strings.Trim(number, "0123456789") == "" && number != "" {
			if _, err := strconv.ParseInt(number, 10, 32); err != nil {
				t.Errorf("%q: %v", text, err)
			}
		}
	}
	return found[2], found[3]
}

// TestCreatedBy: parquet-mr can parse it for every version of the program.
func TestCreatedBy(t *testing.T) {
	t.Parallel()
	const commit = "172d8a5f00c0ffee00c0ffee00c0ffee00c0ffee"
	for _, row := range []struct{ version, revision, wantVersion, wantBuild string }{
		{"v1.2.3", commit, "1.2.3", commit},
		{"1.2.3", "", "1.2.3", "unknown"},
		{"v1.2.3-rc.1", "", "1.2.3-rc.1", "unknown"},
		{"v1.2.3+dirty", commit, "1.2.3+dirty", commit},
		{"v0.0.0-20261126163100-172d8a5f00c0", "", "0.0.0-20261126163100-172d8a5f00c0", "unknown"},
		{"v1.2.4-0.20261126163100-172d8a5f00c0+dirty", "", "1.2.4-0.20261126163100-172d8a5f00c0+dirty", "unknown"},
		{"v1.2.3-20261126163100", "", "0.0.0", "v1.2.3-20261126163100"}, // no 32-bit number
		{"v99999999999.0.0", "", "0.0.0", "v99999999999.0.0"},
		{"devel", "", "0.0.0", "devel"},
		{"devel-172d8a5f00c0", commit, "0.0.0", commit},
		{"devel-172d8a5f00c0+dirty", commit + "+dirty", "0.0.0", commit + "+dirty"},
		{"", "", "0.0.0", "unknown"},
		{"v1.2", "", "0.0.0", "v1.2"},
		{"nightly (build 7) of 2026", "", "0.0.0", "nightly-build-7-of-2026"},
		{"1.2.3 (build 9)\n", "", "0.0.0", "1.2.3-build-9"},
		{"夜间", "", "0.0.0", "unknown"},
		{"v1.2.3", "a)b(c", "1.2.3", "a-b-c"},
	} {
		version, build := parseCreatedBy(t, createdBy(row.version, row.revision))
		if version != row.wantVersion || build != row.wantBuild {
			t.Errorf("%q of %q is version %q, build %q, want %q, %q", row.version, row.revision, version, build, row.wantVersion, row.wantBuild)
		}
	}
}
