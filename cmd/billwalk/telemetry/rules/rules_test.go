package rules

import (
	"encoding/json"
	"log/slog"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/otlptranslator"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
)

const deploy = "../../../../deploy/observability/"

func alerts(t *testing.T) map[string]string {
	t.Helper()
	groups, faults := rulefmt.ParseFile(deploy+"alerts.yaml", false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	for _, err := range faults {
		t.Error(err)
	}
	expressions := make(map[string]string)
	for _, g := range groups.Groups {
		for _, r := range g.Rules {
			expressions[r.Alert] = r.Expr
			if r.Annotations["summary"] == "" || r.Annotations["description"] == "" || r.Labels["severity"] == "" {
				t.Errorf("%s lacks a summary, a description or a severity", r.Alert)
			}
		}
	}
	return expressions
}

// TestAlerts evaluates each rule over series that set it off, and over some that do not.
func TestAlerts(t *testing.T) {
	const good, bad, partly = `billwalk_run_ended_seconds{billwalk_job="n",billwalk_exit_code="0"}`, `billwalk_run_ended_seconds{billwalk_job="n",billwalk_exit_code="1"}`, `billwalk_run_ended_seconds{billwalk_job="n",billwalk_exit_code="3"}`
	// Series have a value an hour, for 48 hours; `_` is none. The values of these are seconds, as the metric's.
	const early, late = " _x40 147600 _x7\n", " _x46 169200 _x1\n"
	for alert, row := range map[string]struct{ fires, silent string }{
		"BillwalkNoGoodRun":           {good + ` 3600 _x47`, good + ` _x23 86400 _x24`},
		"BillwalkRunFailed":           {good + early + bad + late, bad + early + good + late},
		"BillwalkRunIncomplete":       {good + early + partly + late, partly + early + good + late},
		"BillwalkDifferences":         {`billwalk_run_verdicts{billwalk_job="n",billwalk_verdict="mismatched"} _x40 2 _x7`, `billwalk_run_verdicts{billwalk_job="n",billwalk_verdict="mismatched"} _x40 0 _x7`},
		"BillwalkCallsFail":           {`billwalk_calls_total{billwalk_job="n",billwalk_result="0"} _x40 60 _x7` + "\n" + `billwalk_calls_total{billwalk_job="n",billwalk_result="5000001"} _x40 40 _x7`, `billwalk_calls_total{billwalk_job="n",billwalk_result="0"} _x40 99 _x7` + "\n" + `billwalk_calls_total{billwalk_job="n",billwalk_result="5000001"} _x40 1 _x7`},
		"BillwalkCallbackQuarantined": {`billwalk_callbacks_quarantined_total{app="a",reason="r"} 0x47 1`, `billwalk_callbacks_quarantined_total{app="a",reason="r"} 1x48`},
		"BillwalkCallbacksNotStored":  {`billwalk_callbacks_commit_failures_total 0x47 1`, `billwalk_callbacks_commit_failures_total 1x48`},
		"BillwalkCallbackKeysMissing": {`billwalk_callbacks_files_missing{files="a"} 1x48`, `billwalk_callbacks_files_missing{files="a"} 0x48`},
	} {
		expression := alerts(t)[alert]
		if expression == "" {
			t.Errorf("there is no alert %s", alert)
			continue
		}
		for series, want := range map[string]bool{row.fires: true, row.silent: false} {
			if fired := evaluate(t, expression, series) > 0; fired != want {
				t.Errorf("%s over\n%s\nfires: %v, want %v", alert, series, fired, want)
			}
		}
	}
}

// evaluate returns how many series an expression has after 48 hours.
func evaluate(t *testing.T, expression, series string) int {
	t.Helper()
	step := "1h"
	if strings.Contains(expression, "increase(") {
		step = "5m"
	}
	every, err := time.ParseDuration(step)
	if err != nil {
		t.Fatal(err)
	}
	lines := "load " + step + "\n"
	for line := range strings.Lines(series) {
		lines += "  " + line
	}
	storage := promqltest.LoadedStorage(t, lines)
	defer storage.Close()
	engine := promqltest.NewTestEngine(t, false, 5*time.Minute, 100000)
	query, err := engine.NewInstantQuery(t.Context(), storage, nil, expression, time.Unix(0, 0).Add(48*every))
	if err != nil {
		t.Fatal(err)
	}
	defer query.Close()
	result := query.Exec(t.Context())
	vector, err := result.Vector()
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return len(vector)
}

// TestMetricsExist wants each metric of rules and dashboard to be one that the documents list.
func TestMetricsExist(t *testing.T) {
	known := documented(t)
	expressions := alerts(t)
	maps.Copy(expressions, panels(t))
	used := make(map[string]bool)
	for where, expression := range expressions {
		parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expression)
		if err != nil {
			t.Errorf("%s: %v", where, err)
			continue
		}
		parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
			if selector, ok := node.(*parser.VectorSelector); ok {
				used[selector.Name] = true
				if !slices.Contains(known, strings.TrimSuffix(selector.Name, "_bucket")) {
					t.Errorf("%s: no document knows %s", where, selector.Name)
				}
			}
			return nil
		})
	}
	for _, name := range known {
		if strings.HasPrefix(name, "billwalk_run_") && !used[name] {
			t.Errorf("neither a rule nor the dashboard shows %s", name)
		}
	}
}

// panels returns the expressions of the dashboard.
func panels(t *testing.T) map[string]string {
	t.Helper()
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	data, err := os.ReadFile(deploy + "dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &board); err != nil {
		t.Fatal(err)
	}
	expressions := make(map[string]string)
	for _, p := range board.Panels {
		for i, target := range p.Targets {
			expressions[p.Title+string(rune('A'+i))] = strings.ReplaceAll(target.Expr, "$job", "nightly")
		}
	}
	return expressions
}

// TestPanelsAddJobs wants what two jobs have done to be added up where the dashboard does not tell them apart. Only of
// durations the longest counts.
func TestPanelsAddJobs(t *testing.T) {
	const label = "billwalk_job"
	for where, expression := range panels(t) {
		parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expression)
		if err != nil {
			t.Fatal(err)
		}
		outer, ok := parsed.(*parser.AggregateExpr)
		if ok && outer.Op == parser.MAX && !slices.Contains(outer.Grouping, label) && !slices.Contains(outer.Grouping, "billwalk_phase") {
			t.Errorf("%s shows one job's value for all: %s", where, expression)
		}
	}
}

// documented returns the names that the help pages give metrics in Prometheus, once it is checked that they are those
// into which Prometheus turns OpenTelemetry's.
func documented(t *testing.T) (names []string) {
	t.Helper()
	page, err := os.ReadFile("../../docs/telemetry.md")
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]otlptranslator.MetricType{"counter": otlptranslator.MetricTypeMonotonicCounter, "gauge": otlptranslator.MetricTypeGauge, "histogram": otlptranslator.MetricTypeHistogram}
	for _, row := range regexp.MustCompile("(?m)^\\| `(billwalk[.a-z_]+)` \\| (\\w+), `([^`]*)` \\| `(\\w+)` \\|").FindAllStringSubmatch(string(page), -1) {
		namer := otlptranslator.NewMetricNamer("", otlptranslator.UnderscoreEscapingWithSuffixes)
		name, err := namer.Build(otlptranslator.Metric{Name: row[1], Unit: row[3], Type: kinds[row[2]]})
		if err != nil || name != row[4] {
			t.Errorf("%s is %s in Prometheus, not %s (%v)", row[1], name, row[4], err)
		}
		names = append(names, row[4])
	}
	if len(names) < 10 {
		t.Fatalf("the page lists %d metrics", len(names))
	}
	page, err = os.ReadFile("../../docs/callbacks.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range regexp.MustCompile("(?m)^\\| `(billwalk_callbacks_[a-z_]+)` \\|").FindAllStringSubmatch(string(page), -1) {
		names = append(names, name[1])
	}
	return names
}
