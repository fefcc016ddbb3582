package telemetry

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"

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
	if strings.EqualFold(s.getenv("OTEL_SDK_DISABLED"), "true") {
		return false
	}
	switch s.getenv("OTEL_" + s.name + "_EXPORTER") {
	case "none":
		return false
	case "":
		return s.otlp("ENDPOINT") != ""
	default:
		return true
	}
}

// otlp returns a variable of the OTLP exporter: the signal's own, or else that of all signals.
func (s signal) otlp(variable string) string {
	return cmp.Or(s.getenv("OTEL_EXPORTER_OTLP_"+s.name+"_"+variable), s.getenv("OTEL_EXPORTER_OTLP_"+variable))
}

const overHTTP, overGRPC = "http/protobuf", "grpc"

func (s signal) protocol() string { return cmp.Or(s.otlp("PROTOCOL"), overHTTP) }

// check reports a value that means another exporter or protocol, and an endpoint that is no URL, in whose place the
// exporters would take this machine. It does not show the endpoint, which may have a password.
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
	if endpoint := s.otlp("ENDPOINT"); endpoint != "" {
		u, err := url.Parse(endpoint)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("the endpoint of %s is no URL: want http://host:port or https://host:port, also for grpc", strings.ToLower(s.name))
		}
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
