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
	info, ok := debug.ReadBuildInfo()
	if ok {
		if tagged.MatchString(info.Main.Version) {
			return info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				return "devel-" + s.Value[:12]
			}
		}
	}
	return "devel"
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
