package telemetry

import (
	"cmp"
	"context"
	"fmt"

	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// signal is METRICS or TRACES: what the environment says of it. Endpoints, headers, certificates, timeouts and
// intervals are read by the exporters themselves.
// Source: https://opentelemetry.io/docs/specs/otel/protocol/exporter/
type signal struct {
	name   string
	getenv func(string) string
}

// wanted reports whether the signal is sent: an endpoint is set or its exporter is named.
func (s signal) wanted() bool {
	switch s.getenv("OTEL_" + s.name + "_EXPORTER") {
	case "none":
		return false
	case "":
		return s.getenv("OTEL_SDK_DISABLED") != "true" && s.otlp("ENDPOINT") != ""
	default:
		return s.getenv("OTEL_SDK_DISABLED") != "true"
	}
}

// otlp returns a variable of the OTLP exporter: the signal's own, or else that of all signals.
func (s signal) otlp(variable string) string {
	return cmp.Or(s.getenv("OTEL_EXPORTER_OTLP_"+s.name+"_"+variable), s.getenv("OTEL_EXPORTER_OTLP_"+variable))
}

const overHTTP, overGRPC = "http/protobuf", "grpc"

func (s signal) protocol() string { return cmp.Or(s.otlp("PROTOCOL"), overHTTP) }

// check reports a value that means another exporter or protocol.
func (s signal) check() error {
	if !s.wanted() {
		return nil
	}
	if name := s.getenv("OTEL_" + s.name + "_EXPORTER"); name != "" && name != "otlp" {
		return fmt.Errorf("OTEL_%s_EXPORTER is %q: want otlp or none", s.name, name)
	}
	if p := s.protocol(); p != overHTTP && p != overGRPC {
		return fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL is %q: want %s or %s", p, overHTTP, overGRPC)
	}
	return nil
}

func (s signal) metrics(ctx context.Context) (sdkmetric.Exporter, error) {
	if s.protocol() == overGRPC {
		return otlpmetricgrpc.New(ctx)
	}
	return otlpmetrichttp.New(ctx)
}

func (s signal) traces(ctx context.Context) (sdktrace.SpanExporter, error) {
	if s.protocol() == overGRPC {
		return otlptracegrpc.New(ctx)
	}
	return otlptracehttp.New(ctx)
}
