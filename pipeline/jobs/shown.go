package jobs

import (
	"fmt"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"billwalk/schema"
)

// Messages show only those parts of the file that cannot be a misplaced secret: known
// keys, names of apps and jobs, days, ids, and short numbers. For anything else they give
// the place and the length.

// shownForms are the forms of values that messages may show, by key.
var shownForms = map[string]func() *regexp.Regexp{
	"version": shortNumberForm, "buckets": shortNumberForm, "qps": shortNumberForm, "timeout": shortNumberForm, "lookback": shortNumberForm,
	"page_size": shortNumberForm, "passes": shortNumberForm, "tolerance_fen": shortNumberForm,
	"final_check": booleanForm, "stores": booleanForm, "from": dayForm, "to": dayForm, rootKey: idForm, leafKey: idForm,
}

var (
	shortNumberForm = form(`^[+-]?[0-9]{1,6}(\.[0-9]{1,3})?(ms|s|m|h|d)?$`)
	dayForm         = form(`^([0-9]{4}-[0-9]{1,2}(-[0-9]{1,2})?|-?[0-9]{1,5}d|today|yesterday)$`)
	booleanForm     = form(`^(?i)(yes|no|y|n|on|off|true|false|[01])$`)
	idForm          = form(`^[0-9]{1,40}([.,][0-9]{1,20})?([eE]\+?[0-9]{1,3})?$`)
)

// found describes the value of a key in a message.
func (v value) found(key string) string {
	switch form := shownForms[key]; {
	case len(v.variables) > 0:
		return "found the value of " + variableLabels(v.variables)
	case v.text == "":
		return "found an empty text"
	case slices.Contains(secretKeys, key):
		return "found another text"
	case form != nil && form().MatchString(v.text):
		return fmt.Sprintf("found %q", v.text)
	}
	return describe(v.text)
}

// describe returns the length of a text that is not shown, for messages.
func describe(text string) string {
	return "found a text of " + length(text)
}

func length(text string) string {
	if n := utf8.RuneCountInString(text); n != 1 {
		return fmt.Sprintf("%d characters", n)
	}
	return "1 character"
}

var keyForm = form(`^[A-Za-z]+(_[A-Za-z]+)*$`)

const (
	maxKey          = 32
	maxExtraLetters = 3 // extra letters of a mistyped key; a longer rest is its value
)

// unknown returns the fault of an unknown key or column, with the nearest known one or
// all of them. It shows the text only up to a sign that no key has, such as a colon
// without a blank, and only if it looks like a key.
func unknown(noun, text string, known []string) string {
	name := text
	if at := strings.IndexFunc(text, isNotInName); at >= 0 {
		name = text[:at]
	}
	for _, key := range known {
		if rest, ok := strings.CutPrefix(name, key); ok && len(rest) > maxExtraLetters {
			name = key
		}
	}
	hint := strings.TrimSpace(didYouMean(name, known))
	switch {
	case name != text && slices.Contains(known, name):
		hint = fmt.Sprintf("write %s, a colon and a blank before its value", name)
	case hint == "":
		hint = "the " + noun + "s here are " + strings.Join(known, ", ")
	}
	return fmt.Sprintf("unknown %s: %s", keyLabel(noun, name, text), hint)
}

// keyLabel returns a key for messages, or its length if it does not look like a key.
func keyLabel(noun, name, text string) string {
	if len(name) <= maxKey && keyForm().MatchString(name) {
		return fmt.Sprintf("%s %q", noun, name)
	}
	return noun + " of " + length(text)
}

// entryLabel returns an app or a job for messages, with its name if that may be shown.
func entryLabel(section string, e entry, known []string) string {
	if e.nameIsShown(known) {
		return section + "." + e.name
	}
	return "an entry of " + section
}

// nameIsShown reports whether messages may show the entry's name: the entry has known
// keys, or the name is a word.
func (e entry) nameIsShown(known []string) bool {
	if !isName(e.name) || looksRandom(e.name) {
		return false
	}
	for i := 0; e.value.Kind == yaml.MappingNode && i < len(e.value.Content); i += 2 {
		if slices.Contains(known, e.value.Content[i].Value) {
			return true
		}
	}
	return len(e.name) <= maxKey && keyForm().MatchString(e.name)
}

// looksRandom reports whether a text looks like a credential.
func looksRandom(text string) bool {
	return len(text) >= 8 && strings.ContainsAny(text, "0123456789") && strings.ToLower(text) != text && strings.ToUpper(text) != text
}

var variableForm = form(`^([A-Z]+|[A-Z]+(_[A-Z0-9]+)+|[a-z]+(_[a-z0-9]+)*)$`)

// variableLabel returns the name of a variable for messages, or its length if it looks
// like a secret between ${ and }.
func variableLabel(name string) string {
	if len(name) <= 2*maxKey && variableForm().MatchString(name) {
		return name
	}
	return "of " + length(name)
}

// variableLabels returns the variables of a value for messages.
func variableLabels(names []string) string {
	shown := make([]string, len(names))
	for i, name := range names {
		if shown[i] = "${" + name + "}"; variableLabel(name) != name {
			shown[i] = "a variable"
		}
	}
	return strings.Join(shown, " and ")
}

// secretKeys are the keys of credentials, or of values that are easily confused with
// them. textKeys are the keys of texts that errors of the system and the network repeat.
var (
	secretKeys = []string{"client_key", "client_secret", "legacy_token", "code_key", "secret"}
	textKeys   = []string{"url", "endpoint", "region", "base_url", "file", "public_keys"}

	regionForm = form(`^[a-z]+(-[a-z]+)*(-[0-9]{1,2})?$`)
	fileForm   = form(`\.[A-Za-z]{2,5}$`)
)

// hide keeps a value out of later messages: a credential, the value of a variable, and a
// text that does not look like a value of its key.
func (r *reader) hide(key string, v value) {
	if slices.Contains(secretKeys, key) {
		r.hidden.HideSecret(schema.NewSecret(v.text))
	}
	if !slices.Contains(secretKeys, key) && !slices.Contains(textKeys, key) {
		return
	}
	for _, name := range v.variables {
		held, _ := r.env(name)
		HideVariable(&r.hidden, name, held)
	}
	if key == "public_keys" && !fileForm().MatchString(v.text) || key == "region" && !regionForm().MatchString(v.text) {
		r.hidden.Hide(schema.NewSecret(v.text), "["+key+"]")
	}
}

// HideVariable hides the value of an environment variable, also in the forms in which
// errors of the system or the network repeat it.
func HideVariable(r *schema.Redactor, name, held string) {
	texts := []string{held, strings.TrimRight(held, "/"), filepath.Clean(held)}
	if u, err := url.Parse(held); err == nil && u.Scheme != "" {
		texts = append(texts, u.Opaque, u.Path, strings.Trim(u.Path, "/"))
		if _, err := netip.ParseAddr(u.Hostname()); err != nil && !loopback(u.Hostname()) {
			texts = append(texts, u.Host, u.Hostname()) // a bare IP address is no secret
		}
		if password, ok := u.User.Password(); ok {
			texts = append(texts, u.User.Username(), password)
		}
	}
	for _, text := range texts {
		for _, text := range []string{text, strings.ToLower(text)} {
			if text != "" && strings.Trim(text, "/.") != "" {
				r.Hide(schema.NewSecret(text), variableLabels([]string{name}))
			}
		}
	}
}
