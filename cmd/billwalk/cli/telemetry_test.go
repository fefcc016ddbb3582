package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracespb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricpb "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/telemetry"
	"billwalk/pipeline"
)

// collector is an OpenTelemetry collector, over HTTP and over gRPC.
type collector struct {
	mu       sync.Mutex
	requests int
	points   map[string]int64 // by the metric's name and its labels without billwalk.job and billwalk.kind; of a histogram how many
	ended    int              // points that say so
	spans    []*tracepb.Span
	resource map[string]string
	jobs     map[string]bool
	kinds    map[string]bool
}

func newCollector() *collector {
	return &collector{points: make(map[string]int64), resource: make(map[string]string), jobs: make(map[string]bool), kinds: make(map[string]bool)}
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	switch {
	case err != nil:
	case strings.HasSuffix(r.URL.Path, "/v1/metrics"):
		var request metricspb.ExportMetricsServiceRequest
		if err = proto.Unmarshal(body, &request); err == nil {
			c.addMetrics(&request)
		}
	default:
		var request tracespb.ExportTraceServiceRequest
		if err = proto.Unmarshal(body, &request); err == nil {
			c.addSpans(&request)
		}
	}
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
	}
}

func (c *collector) addMetrics(request *metricspb.ExportMetricsServiceRequest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
	for _, of := range request.ResourceMetrics {
		for _, a := range of.Resource.Attributes {
			c.resource[a.Key] = a.Value.GetStringValue()
		}
		for _, scope := range of.ScopeMetrics {
			for _, m := range scope.Metrics {
				if m.Name == telemetry.Ended.Name {
					c.ended++
				}
				for _, p := range slices.Concat(m.GetGauge().GetDataPoints(), m.GetSum().GetDataPoints()) {
					c.points[c.name(m, p.Attributes)] = p.GetAsInt()
				}
				for _, p := range m.GetHistogram().GetDataPoints() {
					c.points[c.name(m, p.Attributes)] = int64(p.Count)
				}
			}
		}
	}
}

// name returns the name of a point, such as billwalk.run.units{state=failed}.
func (c *collector) name(m *metricpb.Metric, attributes []*commonpb.KeyValue) string {
	labels := make(map[string]string)
	for _, a := range attributes {
		value := a.Value.GetStringValue()
		switch key := strings.TrimPrefix(a.Key, "billwalk."); key {
		case "job":
			c.jobs[value] = true
		case "kind":
			c.kinds[value] = true
		default:
			labels[key] = value
		}
	}
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		parts = append(parts, key+"="+labels[key])
	}
	return m.Name + "{" + strings.Join(parts, ",") + "}"
}

func (c *collector) addSpans(request *tracespb.ExportTraceServiceRequest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
	for _, of := range request.ResourceSpans {
		for _, scope := range of.ScopeSpans {
			c.spans = append(c.spans, scope.Spans...)
		}
	}
}

// sum adds up the points of a metric.
func (c *collector) sum(metric string) (sum int64) {
	for name, value := range c.points {
		if strings.HasPrefix(name, metric+"{") {
			sum += value
		}
	}
	return sum
}

// tellingRun runs a small job, of which one account fails, and returns its summary and what it logged.
func tellingRun(t *testing.T) (*pipeline.Summary, string) {
	t.Helper()
	platform := billwalktest.Serve(t, billwalktest.World(77, 40))
	config := billwalktest.Job{
		Lake: billwalktest.FolderLake(t), Platform: platform.URL, Accounts: platform.Accounts(), QPS: 5000, Trade: 5000, Passes: 2,
	}.Write(t)
	var out, log bytes.Buffer
	Setup{Now: billwalktest.Now, Out: &out, Err: &log}.Main(t.Context(), "run", "nightly", "--config", config, "--from", billwalktest.FirstDay.String(), "--output", "json")
	s := new(pipeline.Summary)
	if err := json.Unmarshal(out.Bytes(), s); err != nil {
		t.Fatalf("%v\n%s%s", err, out.Bytes(), log.Bytes())
	}
	return s, log.String()
}

// TestTelemetry compares what a collector receives of a run with the run's summary.
func TestTelemetry(t *testing.T) {
	for _, protocol := range []string{"http/protobuf", "grpc"} {
		t.Run(protocol, func(t *testing.T) {
			c := newCollector()
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.serve(t, protocol))
			t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
			t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=canary-otel")
			t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "k8s.pod.name=nightly-1")
			s, log := tellingRun(t)
			if strings.Contains(log, "canary-otel") || strings.Contains(log, "telemetry") {
				t.Errorf("logged:\n%s", log)
			}
			c.compare(t, s)
			c.compareCalls(t, s)
			c.compareSpans(t, s)
			if c.resource["service.name"] != "billwalk" || c.resource["service.instance.id"] != s.RunID || c.resource["k8s.pod.name"] != "nightly-1" || len(c.jobs) != 1 || !c.jobs["nightly"] {
				t.Errorf("resource %v, jobs %v", c.resource, c.jobs)
			}
		})
	}
}

func (c *collector) serve(t *testing.T, protocol string) (endpoint string) {
	t.Helper()
	if protocol != "grpc" {
		server := httptest.NewServer(c)
		t.Cleanup(server.Close)
		return server.URL
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	metricspb.RegisterMetricsServiceServer(server, metricsOver{c: c})
	tracespb.RegisterTraceServiceServer(server, tracesOver{c: c})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return "http://" + listener.Addr().String()
}

// compare wants what the summary says, and no point of another kind.
func (c *collector) compare(t *testing.T, s *pipeline.Summary) {
	t.Helper()
	want := map[string]int64{
		"billwalk.run.units{state=complete}": int64(s.Units.Complete), "billwalk.run.units{state=failed}": int64(s.Units.Failed),
		"billwalk.run.exit_code{}": int64(s.ExitCode),
	}
	for verdict, n := range s.Verdicts {
		want["billwalk.run.verdicts{verdict="+string(verdict)+"}"] = n
	}
	for rule, n := range s.Exceptions {
		want["billwalk.run.exceptions{rule="+string(rule)+"}"] = n
	}
	for table, n := range s.Rows {
		want["billwalk.run.rows{table="+table+"}"] = n
	}
	for _, o := range s.Partitions {
		want["billwalk.run.bytes{table="+o.Table+"}"] += o.Bytes
		for column, sum := range o.Totals.Fen {
			want["billwalk.run.amount{column="+column+",table="+o.Table+"}"] += int64(sum.Fen)
		}
	}
	for name, value := range want {
		if got, ok := c.points[name]; !ok || got != value {
			t.Errorf("%s is %d (%v), want %d", name, got, ok, value)
		}
	}
	known := make(map[string]bool)
	for _, m := range telemetry.Metrics {
		known[m.Name] = true
		if !slices.ContainsFunc(slices.Collect(maps.Keys(c.points)), func(name string) bool { return strings.HasPrefix(name, m.Name+"{") }) && m.Name != telemetry.Failures.Name && m.Name != telemetry.Restatements.Name {
			t.Errorf("%s is not sent", m.Name)
		}
	}
	for name := range c.points {
		if metric, _, _ := strings.Cut(name, "{"); !known[metric] {
			t.Errorf("%s is in no list", metric)
		}
	}
}

// compareCalls wants the calls of the summary.
func (c *collector) compareCalls(t *testing.T, s *pipeline.Summary) {
	t.Helper()
	calls := s.Calls.Bills + s.Calls.Settlements + s.Calls.Token
	if made, timed := c.sum("billwalk.calls"), c.sum("billwalk.call.duration"); made != calls || timed != calls || calls == 0 {
		t.Errorf("%d calls and %d durations, want %d", made, timed, calls)
	}
}

// compareSpans wants one trace: the run, in it its units and days, and a span for each call.
func (c *collector) compareSpans(t *testing.T, s *pipeline.Summary) {
	t.Helper()
	named := make(map[string]int64)
	parents, traces := make(map[string]bool), make(map[string]bool)
	for _, span := range c.spans {
		named[span.Name]++
		traces[string(span.TraceId)] = true
		parents[string(span.SpanId)] = true
	}
	for _, span := range c.spans {
		if span.Name != "run" && !parents[string(span.ParentSpanId)] {
			t.Errorf("span %s has no parent", span.Name)
		}
	}
	if units := int64(s.Units.Complete + s.Units.Failed + s.Units.Unavailable); named["run"] != 1 || len(traces) != 1 || named["walk"] != units || named["settle"] != 1 || named["publish"] != 1 || named["catering_query"] != s.Calls.Bills {
		t.Errorf("spans %v in %d traces, want %d units and calls %+v", named, len(traces), units, s.Calls)
	}
}

// TestTelemetryKinds wants a night to be told apart from a backfill, a replay and a demo.
func TestTelemetryKinds(t *testing.T) {
	platform := billwalktest.Serve(t, billwalktest.World(77, 40))
	config := billwalktest.Job{
		Lake: billwalktest.FolderLake(t), Platform: platform.URL, Accounts: platform.Accounts(), QPS: 5000, Trade: 5000,
	}.Write(t)
	t.Chdir(t.TempDir()) // for the demo's lake
	day := billwalktest.FirstDay.String()
	for _, row := range []struct {
		kind string
		args []string
	}{
		{"run", []string{"run", "nightly", "--config", config}},
		{"backfill", []string{"run", "nightly", "--config", config, "--from", day}},
		{"replay", []string{"replay", "nightly", "--config", config, "--from", day}},
		{"demo", []string{"demo"}},
	} {
		c := newCollector()
		t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.serve(t, "http/protobuf"))
		var out, log bytes.Buffer
		Setup{Now: billwalktest.Now, Out: &out, Err: &log}.Main(t.Context(), row.args...)
		if len(c.kinds) != 1 || !c.kinds[row.kind] || c.ended != 1 {
			t.Errorf("%q is told as %v, %d ended\n%s", row.args, c.kinds, c.ended, log.Bytes())
		}
	}
}

// TestTelemetryOfShards wants what two shards have done together to be told once, as of one run.
func TestTelemetryOfShards(t *testing.T) {
	c := newCollector()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.serve(t, "http/protobuf"))
	platform := billwalktest.Serve(t, billwalktest.World(77, 40))
	config := billwalktest.Job{
		Lake: billwalktest.FolderLake(t), Buckets: 2, Platform: platform.URL, Accounts: platform.Accounts(), QPS: 5000, Trade: 5000, Passes: 2,
	}.Write(t)
	shards := make([]*pipeline.Summary, 2)
	var running sync.WaitGroup
	for i := range shards {
		running.Go(func() {
			var out, log bytes.Buffer
			Setup{Now: billwalktest.Now, Out: &out, Err: &log}.Main(t.Context(), "run", "nightly", "--config", config, "--from", billwalktest.FirstDay.String(), "--output", "json", "--shard", fmt.Sprintf("%d/2", i))
			if err := json.Unmarshal(out.Bytes(), &shards[i]); err != nil {
				t.Errorf("%v\n%s%s", err, out.Bytes(), log.Bytes())
			}
		})
	}
	running.Wait()
	if t.Failed() {
		return
	}
	night := shards[0]
	if len(night.Partitions) == 0 || len(shards[1].Partitions) == 0 {
		t.Fatal("a shard has nothing")
	}
	addSummary(night, shards[1])
	c.compare(t, night)
	if c.ended != 1 {
		t.Errorf("%d runs have ended, want 1", c.ended)
	}
}

// TestTelemetryUnset wants no word of telemetry where no variable asks for it, and a warning and the same run where it
// cannot be sent.
func TestTelemetryUnset(t *testing.T) {
	c := newCollector()
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	refusing := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(refusing.Close)
	for name, row := range map[string]struct {
		variables map[string]string
		warned    string // "" is none
	}{
		"disabled":          {map[string]string{"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": server.URL}, ""},
		"another exporter":  {map[string]string{"OTEL_TRACES_EXPORTER": "zipkin"}, `OTEL_TRACES_EXPORTER is \"zipkin\": want otlp or none`},
		"refusing endpoint": {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": refusing.URL}, "404"},
	} {
		t.Run(name, func(t *testing.T) {
			for variable, value := range row.variables {
				t.Setenv(variable, value)
			}
			s, log := tellingRun(t)
			if s.ExitCode != pipeline.ExitDone && s.ExitCode != pipeline.ExitIncomplete {
				t.Errorf("exit code %d", s.ExitCode)
			}
			if told := strings.Contains(log, "telemetry is not sent"); told != (row.warned != "") || !strings.Contains(log, row.warned) {
				t.Errorf("logged:\n%s", log)
			}
		})
	}
	if c.requests > 0 {
		t.Errorf("%d requests, want none", c.requests)
	}
}
