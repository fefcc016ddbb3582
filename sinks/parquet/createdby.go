package parquet

import (
	"cmp"
	"regexp"
	"runtime/debug"
	"strings"
	"sync"
)

// identifier matches an identifier of a pre-release: parquet-mr keeps a number in 32 bits.
const identifier = `(?:\d{1,9}|[0-9A-Za-z-]*[A-Za-z-][0-9A-Za-z-]*)`

var (
	semanticVersion = regexp.MustCompile(`^v?(\d{1,9}\.\d{1,9}\.\d{1,9}(?:-` + identifier + `(?:\.` + identifier + `)*)?(?:\+[0-9A-Za-z.-]+)?)$`)
	notInBuild      = regexp.MustCompile(`[^0-9A-Za-z._+-]+`)
)

// createdBy names the writer of a file in the form that parquet-mr parses:
// "billwalk version V (build B)". Its readers (Hive, Spark, Athena) refuse
// DELTA_BYTE_ARRAY columns of a writer whose version they cannot parse, and
// ignore the statistics of its texts.
//
// A version that is not semantic becomes 0.0.0, and is used as the build unless the
// revision is known.
func createdBy(version, revision string) string {
	build := revision
	semantic := "0.0.0"
	if found := semanticVersion.FindStringSubmatch(version); found != nil {
		semantic = found[1]
	} else {
		build = cmp.Or(revision, version)
	}
	build = strings.Trim(notInBuild.ReplaceAllString(build, "-"), "-")
	return "billwalk version " + semantic + " (build " + cmp.Or(build, "unknown") + ")"
}

// revision returns the commit from which the program was built, and whether its sources were changed, or "".
var revision = sync.OnceValue(func() string {
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return ""
	}
	commit, changed := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = "+dirty"
		}
	}
	return commit + changed
})
