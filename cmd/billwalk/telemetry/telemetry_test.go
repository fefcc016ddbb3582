package telemetry

import (
	"cmp"
	"context"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// TestOpen opens what the environment asks for, and says what it cannot do. Nothing is sent before Close.
func TestOpen(t *testing.T) {
	const endpoint = "http://127.0.0.1:1"
	for name, row := range map[string]struct {
		variables       map[string]string
		metrics, traces bool
		fault           string
	}{
		"nothing":          {nil, false, false, ""},
		"endpoint":         {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}, true, true, ""},
		"own endpoint":     {map[string]string{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": endpoint}, true, false, ""},
		"named exporter":   {map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, false, true, ""},
		"no traces":        {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_TRACES_EXPORTER": "none"}, true, false, ""},
		"neither":          {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"}, false, false, ""},
		"disabled":         {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_METRICS_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "true"}, false, false, ""},
		"disabled loudly":  {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_SDK_DISABLED": "TRUE"}, false, false, ""},
		"no scheme":        {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, false, false, "the endpoint of metrics is no URL: want http://host:port or https://host:port, also for grpc"},
		"an address":       {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "127.0.0.1:4318"}, false, false, "the endpoint of traces is no URL: want http://host:port or https://host:port, also for grpc"},
		"headers alone":    {map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": "key=value"}, false, false, ""},
		"another exporter": {map[string]string{"OTEL_METRICS_EXPORTER": "prometheus"}, false, false, `OTEL_METRICS_EXPORTER is "prometheus": want otlp or none`},
		"another protocol": {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, false, false, `OTEL_EXPORTER_OTLP_PROTOCOL is "http/json": want http/protobuf or grpc`},
		"one protocol":     {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"}, true, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Open(t.Context(), func(variable string) string { return row.variables[variable] }, "v1", "nightly", "run", "id", func(error) {})
			if err != nil || row.fault != "" {
				if err == nil || err.Error() != row.fault || got != nil {
					t.Errorf("error %v, want %s", err, row.fault)
				}
				return
			}
			if got == nil {
				if row.metrics || row.traces {
					t.Error("nothing is sent")
				}
				return
			}
			ctx, end := got.Run(t.Context(), "run")
			if wants := map[bool]int{true: 1}; len(got.close) != wants[row.metrics]+wants[row.traces] || trace.SpanContextFromContext(ctx).IsValid() != row.traces {
				t.Errorf("%d signals, spans %v", len(got.close), trace.SpanContextFromContext(ctx).IsValid())
			}
			end()
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			_ = got.shutdown(ended) // nobody listens
		})
	}
}

// TestNil records nothing, and takes everything.
func TestNil(t *testing.T) {
	var none *Telemetry
	ctx, end := none.Run(t.Context(), "run")
	none.Call(ctx, "catering_query", "0", time.Second)
	none.Set(ctx, Units, 1, "complete")
	end()
	if err := none.Close(ctx); err != nil || ctx != t.Context() {
		t.Error(err)
	}
}

// TestDocumented wants the pages of help to say of each metric what the program says of it.
func TestDocumented(t *testing.T) {
	for page, text := range map[string]func(Metric) string{
		"telemetry.md": func(m Metric) string { return m.English }, "telemetry.zh.md": func(m Metric) string { return m.Chinese },
	} {
		data, err := os.ReadFile("../docs/" + page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range Metrics {
			labels := ""
			if len(m.Labels) > 0 {
				labels = "`" + strings.Join(m.Labels, "`, `") + "` "
			}
			kind := map[string]string{callsMade: "counter", callSeconds: "histogram"}[m.Name]
			row := regexp.MustCompile(regexp.QuoteMeta("| `"+m.Name+"` | "+cmp.Or(kind, "gauge")+", `"+m.Unit+"` | `") + "[a-z_]+" + regexp.QuoteMeta("` | "+labels+"| "+text(m)+" |\n"))
			if !row.Match(data) {
				t.Errorf("%s has no row %s", page, row)
			}
		}
	}
}
