package cli

import (
	"runtime/debug"
	"testing"
)

// TestVersionOf: a build from changed sources does not have the version of the commit.
func TestVersionOf(t *testing.T) {
	t.Parallel()
	built := func(version string, settings ...debug.BuildSetting) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Version: version}, Settings: settings}
	}
	commit := debug.BuildSetting{Key: "vcs.revision", Value: "172d8a5f00c0172d8a5f00c0172d8a5f00c0172d"}
	clean, changed := debug.BuildSetting{Key: "vcs.modified", Value: "false"}, debug.BuildSetting{Key: "vcs.modified", Value: "true"}
	for _, row := range []struct {
		info *debug.BuildInfo
		want string
	}{
		{nil, "devel"},
		{built("(devel)"), "devel"},
		{built("v1.2.3", commit, clean), "v1.2.3"},
		{built("v1.2.3-rc.1", commit, clean), "v1.2.3-rc.1"},
		{built("v1.2.3+dirty", commit, changed), "devel-172d8a5f00c0+dirty"},
		{built("v0.0.0-20261128120000-172d8a5f00c0", commit, clean), "devel-172d8a5f00c0"},
		{built("v0.0.0-20261128120000-172d8a5f00c0+dirty", commit, changed), "devel-172d8a5f00c0+dirty"},
	} {
		if got := versionOf(row.info); got != row.want {
			t.Errorf("%+v: got %s, want %s", row.info, got, row.want)
		}
	}
}
