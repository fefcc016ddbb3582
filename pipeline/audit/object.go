package audit

import "github.com/go-json-experiment/json/jsontext"

// object is a JSON object of the text, or an array.
type object struct {
	shape        *shape // with all its members; nil for an array
	first, count int    // of its members, or elements
	start, end   int    // in the text
}

// member is a member of an object.
type member struct {
	start, end int32 // of its value in the text
	kind       kind
	object     int32 // of the objects: the value, where it is one
}

type kind uint8

const (
	simple  kind = iota // a value that is canonical as it stands
	escaped             // a text with escapes
	single              // an object
	several             // an array
)

// of returns the members of an object.
func (s *scan) of(o *object) []member { return s.members[o.first : o.first+o.count] }

// value of a member, as it stands.
func (s *scan) raw(m *member) jsontext.Value { return s.text[m.start:m.end:m.end] }

// values are the values of an object's members, by role.
type values [roleCount]jsontext.Value

func (s *scan) values(o *object) (v values) {
	members := s.of(o)
	for i, named := range o.shape.path {
		v[named.role] = s.raw(&members[i])
	}
	return v
}

// find returns the member of an object with a role, or nil.
func (s *scan) find(o *object, r role) *member {
	for i, named := range o.shape.path {
		if named.role == r {
			return &s.of(o)[i]
		}
	}
	return nil
}

// list returns the objects in the array of a member. ok is false if it is none, or has others.
func (s *scan) list(m *member) (all []*object, ok bool) {
	if m == nil || m.kind != several {
		return nil, false
	}
	for _, element := range s.of(&s.objects[m.object]) {
		if element.kind != single {
			return nil, false
		}
		all = append(all, &s.objects[element.object])
	}
	return all, true
}

// appendCanonical appends an object with its members by name, and those in it likewise. It
// reports whether it could.
func (s *scan) appendCanonical(o *object) bool {
	members := s.of(o)
	s.canonical = append(s.canonical, '{')
	for n, i := range o.shape.sorted {
		if n > 0 {
			s.canonical = append(s.canonical, ',')
		}
		s.canonical = append(s.canonical, o.shape.path[i].name...)
		if !s.appendValue(&members[i]) {
			return false
		}
	}
	s.canonical = append(s.canonical, '}')
	return true
}

func (s *scan) appendValue(m *member) bool {
	switch m.kind {
	case single:
		return s.appendCanonical(&s.objects[m.object])
	case several:
		s.canonical = append(s.canonical, '[')
		elements := s.of(&s.objects[m.object])
		for i := range elements {
			if i > 0 {
				s.canonical = append(s.canonical, ',')
			}
			if !s.appendValue(&elements[i]) {
				return false
			}
		}
		s.canonical = append(s.canonical, ']')
	case escaped:
		var err error
		if s.unquoted, err = jsontext.AppendUnquote(s.unquoted[:0], s.raw(m)); err != nil {
			return false
		}
		s.canonical, err = jsontext.AppendQuote(s.canonical, s.unquoted)
		return err == nil
	default:
		s.canonical = append(s.canonical, s.raw(m)...)
	}
	return true
}
