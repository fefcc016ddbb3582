package jobs

import (
	"fmt"
	"path/filepath"

	"go.yaml.in/yaml/v4"

	"billwalk/schema"
)

// reader reads the nodes of one jobs.yaml. It collects all faults instead of stopping at
// the first.
type reader struct {
	path     string
	env      func(string) (string, bool)
	readFile func(path string) ([]byte, error)
	owner    string   // of the section that is being read, as in Fault
	apps     []string // names of all apps, to which jobs refer

	shownApps []string // names of apps that messages may show
	faults    Faults
	hidden    schema.Redactor
}

// at returns the place of a node.
func (r *reader) at(n *yaml.Node) place { return place{r.path, max(n.Line, 1), max(n.Column, 1)} }

// fault reports a fault of the file itself.
func (r *reader) fault(at place, format string, args ...any) {
	r.faults = append(r.faults, Fault{Path: at.path, Line: at.line, Column: at.column, Text: fmt.Sprintf(format, args...)})
}

// faultOf reports a fault of a value. If the value came from the environment, only the
// owner of the section is affected.
func (r *reader) faultOf(v value, format string, args ...any) {
	r.fault(v.place, format, args...)
	if len(v.variables) > 0 {
		r.faults[len(r.faults)-1].owner = r.owner
	}
}

// beside resolves a path against the folder of jobs.yaml.
func (r *reader) beside(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(r.path), path)
}

// place is a position in jobs.yaml or in an accounts file, counted from 1.
type place struct {
	path         string
	line, column int
}

// value is a text with its variables expanded, and its place.
type value struct {
	place
	text      string
	variables []string // names of the variables that were expanded
}

// entry is one key of a mapping with its value.
type entry struct {
	name       string
	key, value *yaml.Node
}
