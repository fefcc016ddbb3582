package schema

import (
	"regexp"
	"strings"
)

// EngineColumn is a column of a table as an engine describes it.
type EngineColumn struct{ Table, Column, Type, Comment string }

// EngineColumns returns the columns of all tables as ddl declares them for the engine, but for
// bill_date, which engines describe in ways of their own.
func EngineColumns(d Dialect) (columns []EngineColumn) {
	for _, t := range Tables {
		for _, c := range t.Describe().Columns {
			declared := EngineColumn{t.Describe().Name, c.Name, string(c.Type), plainComment(c.comment())}
			if d != DuckDBDialect {
				declared.Type, declared.Comment = externalTypes[d][c.Type], plainComment(c.shortComment())
			}
			columns = append(columns, declared)
		}
	}
	return columns
}

var (
	typeNames = strings.NewReplacer("timestamp with time zone", "timestamptz", "array<", "array(", "struct<", "row(", ">", ")", ":", " ")
	typeWords = regexp.MustCompile(`\b(string\b|int\b|struct\b|timestamp\(\d\))`)
	typeGaps  = regexp.MustCompile(`\s*([(),])\s*|\s+`)
)

// SameType reports whether two names are of one type: string is varchar, int is integer,
// array<…> is array(…), struct<a:…> is row(a …), and a timestamp's precision is left aside.
func SameType(a, b string) bool { return plainType(a) == plainType(b) }

func plainType(name string) string {
	name = typeWords.ReplaceAllStringFunc(typeNames.Replace(strings.ToLower(name)), func(word string) string {
		switch {
		case word == "string":
			return "varchar"
		case word == "struct":
			return "row"
		case word == "int":
			return "integer"
		}
		return "timestamp"
	})
	return strings.TrimSpace(typeGaps.ReplaceAllStringFunc(name, func(gap string) string {
		if trimmed := strings.TrimSpace(gap); trimmed != "" {
			return trimmed
		}
		return " "
	}))
}
