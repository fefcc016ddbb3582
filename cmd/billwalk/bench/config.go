package bench

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
)

// Parts are the names of the comparisons.
var Parts = []string{"bills", "reconciled", "walk"}

// Config says what to measure.
type Config struct {
	Binary   string   // the billwalk that is measured, and that serves the platform
	Parts    []string // of Parts
	Rows     []int    // bills of the day, one comparison each
	Accounts int      // that share them
	Rounds   int      // of which the median counts
	Lake     string   // folder of a lake whose archive is measured instead; empty generates one
	Profile  string   // folder for CPU profiles of replay and run; empty makes none
	Install  bool     // DuckDB and dlt may be installed with pip, into the cache folder
	Out, Log io.Writer
}

// bench is a measurement under way.
type bench struct {
	Config
	work    string // folder
	results Results
}

func (b *bench) wants(part string) bool { return slices.Contains(b.Parts, part) }

// profile returns the environment of a turn that writes a CPU profile, if there is to be one.
func (b *bench) profile(part string, rows int64, round int) ([]string, error) {
	if b.Profile == "" {
		return nil, nil
	}
	path, err := filepath.Abs(filepath.Join(b.Profile, fmt.Sprintf("%s-%d-%d.pprof", part, rows, round+1)))
	return []string{"BILLWALK_CPU_PROFILE=" + path}, err
}
