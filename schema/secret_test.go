package schema

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
	"go.yaml.in/yaml/v4"
)

const canary = "canary-5d1f"

// TestSecretIsNeverPrinted tries every way in which a value becomes text.
func TestSecretIsNeverPrinted(t *testing.T) {
	t.Parallel()
	secret := NewSecret(canary)
	type app struct {
		Key    string
		Secret Secret
		Next   *Secret
		hidden Secret // fmt calls no method of it
	}
	holders := []any{secret, &secret, []Secret{secret}, map[string]Secret{"k": secret}, map[string]any{"k": secret}, app{"k", secret, &secret, secret}, &app{"k", secret, &secret, secret}}
	for i, holder := range holders {
		for _, verb := range strings.Fields("%v %+v %#v %s %q %x %X %d %t %10.3s %-20v % x %T") {
			check(t, fmt.Sprintf("holder %d under %s", i, verb), fmt.Sprintf(verb, holder))
		}
		check(t, "Sprint", fmt.Sprint(holder))
		check(t, "Errorf", fmt.Errorf("login with %v: %w", holder, io.EOF).Error())
		check(t, "Join", errors.Join(fmt.Errorf("%+v", holder)).Error())
		for name, marshal := range map[string]func(any) ([]byte, error){
			"json": json.Marshal, "json v2": func(v any) ([]byte, error) { return jsonv2.Marshal(v) }, "yaml": func(v any) ([]byte, error) { return yaml.Marshal(v) },
		} {
			data, err := marshal(holder)
			if err != nil {
				t.Errorf("holder %d as %s: %v", i, name, err)
			}
			check(t, fmt.Sprintf("holder %d as %s", i, name), string(data))
			if !strings.Contains(string(data), "redacted") {
				t.Errorf("holder %d as %s is %s, want it to say redacted", i, name, data)
			}
		}
		var log bytes.Buffer
		for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
			slog.New(handler).With("with", holder).WithGroup("g").Error("login", "secret", holder, slog.Any("any", holder))
		}
		check(t, fmt.Sprintf("holder %d in a log", i), log.String())
	}
	data, err := xml.Marshal(app{Secret: secret})
	check(t, "xml", string(data))
	if err != nil || secret.Reveal() != canary {
		t.Errorf("Reveal gives %q (%v)", secret.Reveal(), err)
	}
}

// check looks for every form of the canary.
func check(t *testing.T, where, text string) {
	t.Helper()
	for _, form := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary), fmt.Sprintf("% x", canary), canary[:6]} {
		if strings.Contains(text, form) {
			t.Errorf("%s shows the secret: %s", where, text)
		}
	}
}
