package jobs

import (
	"slices"

	"go.yaml.in/yaml/v4"
)

// kind returns the kind of a node in the words of the manual.
func kind(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "keys with values"
	case n.Kind == yaml.SequenceNode:
		if len(n.Content) == 0 {
			return "an empty list"
		}
		return "a list"
	case n.Kind == yaml.AliasNode:
		return "an alias"
	case n.ShortTag() == "!!null":
		return "nothing"
	}
	return "a text"
}

// entries returns the keys of the mapping n in their order, each name once.
func (r *reader) entries(name string, n *yaml.Node) ([]entry, bool) {
	if n.Kind != yaml.MappingNode {
		r.fault(r.at(n), "%s: want keys with values, found %s", name, kind(n))
		return nil, false
	}
	lines := make(map[string]int, len(n.Content)/2)
	var entries []entry
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode {
			r.fault(r.at(key), "%s: want a key, found %s", name, kind(key))
			continue
		}
		if line, ok := lines[key.Value]; ok {
			r.fault(r.at(key), "%s is repeated: it is in line %d already", keyLabel("key", key.Value, key.Value), line)
			continue
		}
		lines[key.Value] = r.at(key).line
		entries = append(entries, entry{key.Value, key, n.Content[i+1]})
	}
	return entries, true
}

// mapping is a mapping whose keys are known.
type mapping struct {
	r      *reader
	name   string // for messages
	place         // at which a missing key is reported
	values map[string]*yaml.Node
}

// mapping reads n as a mapping with the known keys, and reports any others. ok is false
// if n is not a mapping.
func (r *reader) mapping(name string, at place, n *yaml.Node, known []string) (mapping, bool) {
	entries, ok := r.entries(name, n)
	m := mapping{r, name, at, make(map[string]*yaml.Node, len(entries))}
	for _, e := range entries {
		if slices.Contains(known, e.name) {
			m.values[e.name] = e.value
			continue
		}
		r.fault(r.at(e.key), "%s", unknown("key", e.name, known))
	}
	return m, ok
}

// node returns the node of a required key, and reports a missing one.
func (m mapping) node(key string) (*yaml.Node, bool) {
	n, ok := m.values[key]
	if !ok {
		m.r.fault(m.place, "%s: key %q is missing", m.name, key)
	}
	return n, ok
}

// scalar returns the text of a scalar with its variables expanded. Quotes make no
// difference, so that ${QPS} can be a number, and a long id loses no digit.
func (r *reader) scalar(key string, n *yaml.Node) (value, bool) {
	v := value{place: r.at(n)}
	switch {
	case n.Kind == yaml.AliasNode:
		r.fault(v.place, "%s: aliases are not read: write the value out", key)
		return v, false
	case n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null":
		r.fault(v.place, "%s: want a text, found %s", key, kind(n))
		return v, false
	case n.Style&yaml.TaggedStyle != 0:
		r.fault(v.place, "%s: tags are not read: write the value alone, in quotes if it begins with !", key)
		return v, false
	}
	e, err := expand(n.Value, r.env)
	if err != nil {
		r.fault(v.place, "%s: %v", key, err)
		return v, false
	}
	v.text, v.variables = e.text, e.variables
	for _, name := range e.unset {
		r.unset(v, key, name)
	}
	r.hide(key, v)
	return v, len(e.unset) == 0
}

// unset reports a variable that has no value and no default.
func (r *reader) unset(v value, key, name string) {
	example := name
	if variableLabel(name) != name {
		example = "NAME"
	}
	r.faultOf(v, "%s: variable %s is not set: set it, or write a default as in ${%s:-default}", key, variableLabel(name), example)
}

// required reads a key that must be present. The error of parse says what the value
// must be.
func required[T any](m mapping, key string, parse func(string) (T, error)) (result T) {
	n, ok := m.node(key)
	if !ok {
		return result
	}
	v, ok := m.r.scalar(key, n)
	if !ok {
		return result
	}
	result, err := parse(v.text)
	if err != nil {
		m.r.faultOf(v, "%s: want %v, %s", key, err, v.found(key))
	}
	return result
}

// optional reads a key that has a default.
func optional[T any](m mapping, key string, byDefault T, parse func(string) (T, error)) T {
	if _, ok := m.values[key]; !ok {
		return byDefault
	}
	return required(m, key, parse)
}
