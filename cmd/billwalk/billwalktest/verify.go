package billwalktest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"billwalk/schema"
)

// Verification is the part of verify's JSON that tests look at.
type Verification struct {
	ProvenDays int `json:"proven_days"`
	Units      int
	Bills      int64
	Objects    int
	Bytes      int64
	Findings   []schema.Finding
}

// VerificationOf decodes what verify printed.
func VerificationOf(t testing.TB, code int, out []byte, log string) (Verification, int) {
	t.Helper()
	var v Verification
	if err := json.Unmarshal(out, &v); err != nil {
		t.Fatalf("verify: exit %d, %v\n%s%s", code, err, out, log)
	}
	return v, code
}

// verifyLake runs billwalk verify over the lake of the config.
func verifyLake(t testing.TB, config string, from, to schema.Day) (Verification, int) {
	t.Helper()
	var out, log bytes.Buffer
	code := CommandLine([]string{"--config", config, "--output", "json", "verify", "nightly", "--from", from.String(), "--to", to.String()}, &out, &log)
	return VerificationOf(t, code, out.Bytes(), log.String())
}

// CheckProven checks that verify proves all of the days.
func CheckProven(t testing.TB, config string, from, to schema.Day) {
	t.Helper()
	v, code := verifyLake(t, config, from, to)
	if code != 0 || v.ProvenDays != int(to-from)+1 || v.Bills == 0 || v.Objects == 0 || len(v.Findings) > 0 {
		t.Errorf("exit %d, %d days proven, %d bills; %d findings:\n%s", code, v.ProvenDays, v.Bills, len(v.Findings), FindingLines(v.Findings))
	}
}

// FindingLines formats the first findings for a test's message.
func FindingLines(findings []schema.Finding) string {
	var out strings.Builder
	for _, f := range findings[:min(len(findings), 20)] {
		fmt.Fprintf(&out, "%s: %s: want %q, got %q: %s\n", f.Key, f.Place, f.Want, f.Got, f.Fix)
	}
	return out.String()
}
