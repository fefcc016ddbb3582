package jobs

import (
	"errors"
	"strings"
)

var (
	variable = form(`^\{([A-Za-z_][A-Za-z0-9_]*)(:-([^}]*))?\}`)

	errVariable = errors.New(`"${" does not begin a variable: write ${NAME} or ${NAME:-default}, and $$ for a dollar`)
	errDollar   = errors.New(`a "$" stands alone: write ${NAME} for a variable, and $$ for a dollar`)
	errNested   = errors.New("a default cannot hold a variable: write it out")
)

// expansion is a text with its variables expanded.
type expansion struct {
	text      string
	variables []string // names of the variables in the text
	unset     []string // names of the variables without a value or a default
}

// expand replaces ${NAME} and ${NAME:-default}; the default is used for a variable that
// is unset or empty. Values are not expanded again, and as the text is a parsed scalar,
// they cannot change the structure of the file.
func expand(text string, env func(string) (string, bool)) (expansion, error) {
	var out strings.Builder
	var e expansion
	for {
		plain, rest, dollar := strings.Cut(text, "$")
		out.WriteString(plain)
		if !dollar {
			e.text = out.String()
			return e, nil
		}
		if after, ok := strings.CutPrefix(rest, "$"); ok {
			out.WriteByte('$')
			text = after
			continue
		}
		if !strings.HasPrefix(rest, "{") {
			return expansion{}, errDollar
		}
		match := variable().FindStringSubmatch(rest)
		if match == nil {
			return expansion{}, errVariable
		}
		whole, name, hasDefault, byDefault := match[0], match[1], match[2] != "", match[3]
		if strings.Contains(byDefault, "${") {
			return expansion{}, errNested
		}
		held, set := env(name)
		switch {
		case hasDefault && held == "":
			held = byDefault
		case !set:
			e.unset = append(e.unset, name)
		}
		e.variables = append(e.variables, name)
		out.WriteString(held)
		text = rest[len(whole):]
	}
}
