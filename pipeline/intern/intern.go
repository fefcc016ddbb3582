// Package intern keeps one copy of each text that many rows have.
package intern

import "strings"

// Table has one copy of each text. It is not safe for concurrent use.
type Table map[string]string

// Intern returns the one copy of a text.
func (t Table) Intern(text string) string {
	if known, ok := t[text]; ok {
		return known
	}
	text = strings.Clone(text)
	t[text] = text
	return text
}
