package rules

import (
	"encoding/json"
	"fmt"
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
	"github.com/prometheus/prometheus/promql"
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

// metric is a metric of one run, by its instance, of a job's own days or of another kind.
func metric(name, instance, kind, labels string) string {
	return fmt.Sprintf(`%s{billwalk_job="n",instance=%q,billwalk_kind=%q,%s}`, name, instance, kind, labels)
}

func ended(instance, kind, code string) string {
	return metric("billwalk_run_ended_seconds", instance, kind, fmt.Sprintf("billwalk_exit_code=%q", code))
}

func mismatched(instance, kind string) string {
	return metric("billwalk_run_verdicts", instance, kind, `billwalk_verdict="mismatched"`)
}

func calls(kind, code string) string {
	return metric("billwalk_calls_total", "1", kind, fmt.Sprintf("billwalk_result=%q", code))
}

// Series have a value an hour, for 48 hours; `_` is none. The values of these are seconds, as the metric's. The first
// samples of any two series are within twelve hours, for the library takes no older ones.
const first, early, late = " _x40 3600 _x7\n", " _x40 147600 _x7\n", " _x46 169200 _x1\n"

// TestAlerts evaluates each rule over series that set it off, and over some that do not.
func TestAlerts(t *testing.T) {
	const two, five, none = " _x40 2 _x7\n", " _x46 5 _x1\n", " _x46 0 _x1\n"
	good, bad, partly := ended("1", "run", "0"), ended("2", "run", "1"), ended("2", "run", "3")
	elsewhere := func(code string) string {
		return ended("3", "backfill", code) + late + ended("4", "replay", code) + late + ended("5", "demo", code) + late
	}
	newer := mismatched("1", "run") + two + ended("1", "run", "0") + early + ended("2", "run", "0") + late // than the one with differences
	for alert, row := range map[string]struct{ fires, silent []string }{
		"BillwalkNoGoodRun": {[]string{good + first, good + first + elsewhere("0")}, []string{good + ` _x23 86400 _x24`}},
		"BillwalkRunFailed": {[]string{good + early + bad + late, bad + early + elsewhere("0")}, []string{bad + early + good + late, good + early + elsewhere("1")}},
		"BillwalkRunIncomplete": {
			[]string{good + early + partly + late, partly + early + elsewhere("0")}, []string{partly + early + good + late, good + early + elsewhere("3")},
		},
		"BillwalkDifferences": {
			[]string{mismatched("1", "run") + two + good + early, newer + mismatched("2", "run") + five, mismatched("1", "run") + two + good + early + bad + late},
			[]string{
				mismatched("1", "run") + none + good + late, newer, newer + mismatched("2", "run") + none,
				mismatched("3", "backfill") + five + mismatched("4", "replay") + five + mismatched("5", "demo") + five + elsewhere("0"),
			},
		},
		"BillwalkCallsFail": {
			[]string{calls("run", "0") + ` _x40 60 _x7` + "\n" + calls("run", "5000001") + ` _x40 40 _x7`},
			[]string{
				calls("run", "0") + ` _x40 99 _x7` + "\n" + calls("run", "5000001") + ` _x40 1 _x7`,
				calls("run", "0") + ` _x40 99 _x7` + "\n" + calls("demo", "5000001") + ` _x40 99 _x7`,
			},
		},
		"BillwalkCallbackQuarantined": {[]string{`billwalk_callbacks_quarantined_total{app="a",reason="r"} 0x47 1`}, []string{`billwalk_callbacks_quarantined_total{app="a",reason="r"} 1x48`}},
		"BillwalkCallbacksNotStored":  {[]string{`billwalk_callbacks_commit_failures_total 0x47 1`}, []string{`billwalk_callbacks_commit_failures_total 1x48`}},
		"BillwalkCallbackKeysMissing": {[]string{`billwalk_callbacks_files_missing{files="a"} 1x48`}, []string{`billwalk_callbacks_files_missing{files="a"} 0x48`}},
	} {
		expression := alerts(t)[alert]
		if expression == "" {
			t.Errorf("there is no alert %s", alert)
			continue
		}
		for want, all := range map[bool][]string{true: row.fires, false: row.silent} {
			for _, series := range all {
				if fired := len(evaluate(t, expression, series)) > 0; fired != want {
					t.Errorf("%s over\n%s\nfires: %v, want %v", alert, series, fired, want)
				}
			}
		}
	}
}

// TestPanelsShowTheNewest wants the dashboard to show of two nights on one day the later one, also where it is the
// better one, and no backfill after it.
func TestPanelsShowTheNewest(t *testing.T) {
	for panel, of := range map[string]struct{ name, labels string }{
		"退出码 · exit codeA":           {"billwalk_run_exit_code", ""},
		"差异订单 · orders that differA": {"billwalk_run_verdicts", `billwalk_verdict="mismatched"`},
		"失败单元 · failed unitsA":       {"billwalk_run_units", `billwalk_state="failed"`},
		"结论 · verdictsA":             {"billwalk_run_verdicts", `billwalk_verdict="matched"`},
		"异常 · exceptionsA":           {"billwalk_run_exceptions", `billwalk_rule="r"`},
	} {
		series := metric(of.name, "1", "run", of.labels) + " _x40 7 _x7\n" + ended("1", "run", "0") + early +
			metric(of.name, "2", "run", of.labels) + " _x44 3 _x3\n" + ended("2", "run", "0") + " _x44 158400 _x3\n" +
			metric(of.name, "3", "backfill", of.labels) + " _x46 9 _x1\n" + ended("3", "backfill", "0") + late
		shown := evaluate(t, panels(t)[panel], series)
		if len(shown) != 1 || shown[0].F != 3 {
			t.Errorf("%s shows %v, want 3", panel, shown)
		}
	}
}

// evaluate returns what an expression has after 48 hours.
func evaluate(t *testing.T, expression, series string) promql.Vector {
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
	return vector
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
			expressions[p.Title+string(rune('A'+i))] = strings.NewReplacer("$job", "n", "$kind", "run").Replace(target.Expr)
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
