package schema

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is a credential that redacts itself wherever it is printed, logged or
// marshalled. Only Reveal gives the text.
type Secret string

// Reveal returns the secret's text, for the one place that sends or keys with it.
func (s Secret) Reveal() string { return string(s) }

func (s Secret) String() string { return redacted }

// Format redacts under every verb and flag, %+v, %#v, %x and %q included.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText redacts in JSON, YAML and every other text encoding.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalYAML redacts in YAML.
func (s Secret) MarshalYAML() (any, error) { return redacted, nil }

// LogValue redacts in slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
