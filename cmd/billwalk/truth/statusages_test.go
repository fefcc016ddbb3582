package truth

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/schema"
	"billwalk/sinks/report"
)

// checkStatusAges compares what status says is open with the report of the same days.
func checkStatusAges(t *testing.T, config string, r *report.Report, days ...string) {
	t.Helper()
	type open struct {
		Age     string         `json:"age"`
		Verdict schema.Verdict `json:"verdict"`
		Orders  int64          `json:"orders"`
		Fen     schema.Fen     `json:"fen"`
	}
	var got struct {
		Open []open `json:"open_by_age"`
	}
	var out, log bytes.Buffer
	if code := billwalktest.CommandLine(append([]string{"--config", config, "--output", "json", "status"}, days...), &out, &log); code != 0 {
		t.Fatalf("status: exit %d\n%s", code, log.String())
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	names := map[int]string{0: "0-1", 2: "2-7", 8: "8-30", 31: "31+"}
	want, is := make(map[open]bool), make(map[open]bool)
	for _, a := range r.Ages {
		if a.Orders > 0 {
			want[open{names[a.Band.Least], a.Verdict, a.Orders, a.Stake}] = true
		}
	}
	for _, o := range got.Open {
		is[o] = true
	}
	if diff := cmp.Diff(want, is); diff != "" || len(want) == 0 {
		t.Errorf("what is open (-report +status):\n%s", diff)
	}
}
