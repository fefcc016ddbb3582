package cli

import (
	"fmt"
	"regexp"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// released is the version of a release build, else "".
var released string

// tagged matches the version that the go command takes from a git tag. Between tags it
// writes one with a time and a commit, and "+dirty" for changed sources.
var tagged = regexp.MustCompile(`^v\d+\.\d+\.\d+(-(alpha|beta|rc)[.\d]*)?$`)

// Version names the program: its release or tag, else the commit that it was built from.
func Version() string {
	if released != "" {
		return released
	}
	info, _ := debug.ReadBuildInfo()
	return versionOf(info)
}

// versionOf returns the version that the go command has noted, which says where the sources are not those of the commit.
func versionOf(info *debug.BuildInfo) string {
	if info == nil {
		return "devel"
	}
	if tagged.MatchString(info.Main.Version) {
		return info.Main.Version
	}
	version, changed := "devel", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && len(s.Value) >= 12:
			version = "devel-" + s.Value[:12]
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = "+dirty"
		}
	}
	return version + changed
}

func (p *program) versionVerb() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  billwalk version",
		Args:    nothing,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(p.out, "billwalk %s (%s)\n", Version(), runtime.Version())
			return err
		},
	}
}
