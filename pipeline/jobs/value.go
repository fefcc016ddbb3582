package jobs

import "go.yaml.in/yaml/v4"

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
