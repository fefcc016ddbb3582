// Package telemetry sends a run's metrics and spans by OTLP, as the standard variables of OpenTelemetry say
// (OTEL_EXPORTER_OTLP_ENDPOINT and others). Where none is set nothing is sent, and nothing starts.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"
	nooptrace "go.opentelemetry.io/otel/trace/noop"
)

const scope = "billwalk"

// flushTime bounds the sending of what is left when a run has ended.
const flushTime = 10 * time.Second

// Telemetry is that of one run. Its methods may be called concurrently; nil records nothing.
type Telemetry struct {
	tracer  trace.Tracer
	calls   metric.Int64Counter
	seconds metric.Float64Histogram
	gauges  map[string]metric.Int64Gauge
	of      []attribute.KeyValue // the run: its job and its kind
	close   []func(context.Context) error
}

// Open begins the telemetry of a job's run of some kind, or returns nil where the environment asks for none. The error
// says which variable has a value that cannot be used. Faults that come later are told to warn.
func Open(ctx context.Context, getenv func(string) string, version, job, kind, runID string, warn func(error)) (*Telemetry, error) {
	metrics, traces := signal{"METRICS", getenv}, signal{"TRACES", getenv}
	if !metrics.wanted() && !traces.wanted() {
		return nil, nil
	}
	for _, s := range []signal{metrics, traces} {
		if err := s.check(); err != nil {
			return nil, err
		}
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(warn))
	of, err := resource.New(ctx, resource.WithAttributes(semconv.ServiceName("billwalk"), semconv.ServiceVersion(version), semconv.ServiceInstanceID(runID)),
		resource.WithFromEnv(), resource.WithTelemetrySDK())
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	t := &Telemetry{of: []attribute.KeyValue{attribute.String("billwalk.job", job), attribute.String("billwalk.kind", kind)}}
	meter, err := t.openMetrics(ctx, metrics, of)
	if err != nil {
		return nil, err
	}
	if err := t.openTraces(ctx, traces, of); err != nil {
		return nil, errors.Join(err, t.Close(ctx))
	}
	return t, t.instruments(meter)
}

func (t *Telemetry) openMetrics(ctx context.Context, s signal, of *resource.Resource) (metric.Meter, error) {
	if !s.wanted() {
		return noop.Meter{}, nil
	}
	exporter, err := s.metrics(ctx)
	if err != nil {
		return nil, err
	}
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithResource(of), sdkmetric.WithReader(sdkmetric.NewPeriodicReader(exporter)))
	t.close = append(t.close, provider.Shutdown)
	return provider.Meter(scope), nil
}

func (t *Telemetry) openTraces(ctx context.Context, s signal, of *resource.Resource) error {
	t.tracer = nooptrace.Tracer{}
	if !s.wanted() {
		return nil
	}
	exporter, err := s.traces(ctx)
	if err != nil {
		return err
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithResource(of), sdktrace.WithBatcher(exporter))
	t.close = append(t.close, provider.Shutdown)
	t.tracer = provider.Tracer(scope)
	return nil
}

func (t *Telemetry) instruments(meter metric.Meter) (err error) {
	t.gauges = make(map[string]metric.Int64Gauge)
	for _, m := range Metrics {
		var failed error
		switch m.Name {
		case callsMade:
			t.calls, failed = meter.Int64Counter(m.Name, metric.WithUnit(m.Unit), metric.WithDescription(m.English))
		case callSeconds:
			t.seconds, failed = meter.Float64Histogram(m.Name, metric.WithUnit(m.Unit), metric.WithDescription(m.English))
		default:
			t.gauges[m.Name], failed = meter.Int64Gauge(m.Name, metric.WithUnit(m.Unit), metric.WithDescription(m.English))
		}
		err = errors.Join(err, failed)
	}
	return err
}

// Run begins the span that all others of the run are within. The returned function ends it.
func (t *Telemetry) Run(ctx context.Context, name string) (context.Context, func()) {
	if t == nil {
		return ctx, func() {}
	}
	ctx, s := t.tracer.Start(ctx, name, trace.WithAttributes(t.of...))
	return ctx, func() { s.End() }
}

// Call counts a request of an API that has ended so.
func (t *Telemetry) Call(ctx context.Context, api, result string, took time.Duration) {
	if t == nil {
		return
	}
	of := append(slices.Clone(t.of), attribute.String("billwalk.api", api))
	t.seconds.Record(ctx, took.Seconds(), metric.WithAttributes(of...))
	t.calls.Add(ctx, 1, metric.WithAttributes(append(of, attribute.String("billwalk.result", result))...))
}

// Set records the value of a metric of the run, with values of the metric's labels in their order.
func (t *Telemetry) Set(ctx context.Context, m Metric, value int64, labels ...string) {
	if t == nil {
		return
	}
	attributes := slices.Clone(t.of)
	for i, label := range m.Labels {
		attributes = append(attributes, attribute.String("billwalk."+label, labels[i]))
	}
	t.gauges[m.Name].Record(ctx, value, metric.WithAttributes(attributes...))
}

// Close sends what is left, within some seconds, even where ctx has ended.
func (t *Telemetry) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
	defer cancel()
	return t.shutdown(ctx)
}

func (t *Telemetry) shutdown(ctx context.Context) error {
	var faults []error
	for _, end := range t.close {
		faults = append(faults, end(ctx))
	}
	return errors.Join(faults...)
}
