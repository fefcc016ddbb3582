package schema

import (
	"fmt"
	"io"
	"log/slog"
	"unique"
)

const redacted = "[redacted]"

// Secret is a credential that is redacted wherever it is printed, logged or marshalled. Only
// Reveal returns the text. The value does not contain the text itself, so that %+v does not
// show it even in a private field of another type, where fmt calls no method. Secrets compare
// like their texts; the zero value is empty.
type Secret struct{ text unique.Handle[string] }

// NewSecret returns the secret with that text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{unique.Make(text)}
}

// Empty reports whether there is no text.
func (s Secret) Empty() bool { return s == Secret{} }

// Reveal returns the text, to send it or to use it as a key.
func (s Secret) Reveal() string {
	if s.Empty() {
		return ""
	}
	return s.text.Value()
}

func (s Secret) String() string { return redacted }

// Format redacts under every verb and flag, %+v, %#v, %x and %q included.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText redacts in JSON, YAML and every other text encoding.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalYAML redacts in YAML.
func (s Secret) MarshalYAML() (any, error) { return redacted, nil }

// LogValue redacts in slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
