package schema

import (
	"encoding/json"
	"testing"
)

// TestFailureAdvice: a failure keeps what to do in each language by itself, also in JSON; one
// that an earlier version wrote has both in one text.
func TestFailureAdvice(t *testing.T) {
	t.Parallel()
	want := Bilingual{English: "lower the app's qps in jobs.yaml", Chinese: "降低 qps"}
	for _, data := range []string{
		`{"hint":"lower the app's qps in jobs.yaml","hint_zh":"降低 qps"}`,
		`{"hint":"降低 qps; lower the app's qps in jobs.yaml"}`,
	} {
		var f Failure
		if err := json.Unmarshal([]byte(data), &f); err != nil || f.Advice() != want {
			t.Errorf("%s: %+v, %v", data, f.Advice(), err)
		}
	}
	if got := want.Both(); got != "降低 qps; lower the app's qps in jobs.yaml" {
		t.Errorf("both: %q", got)
	}
}
