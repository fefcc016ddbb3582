// Package spans tells OpenTelemetry when a part of a run began and ended. The tracer is that of the span
// in the context: where there is none nothing is recorded, and it costs next to nothing.
package spans

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

const scope = "billwalk"

// Start begins a span, with pairs of a key and its value. The returned function ends it: an error marks it as failed.
func Start(ctx context.Context, name string, pairs ...string) (context.Context, func(error)) {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return ctx, func(error) {}
	}
	ctx, s := start(ctx, name, pairs)
	return ctx, func(err error) { end(s, err) }
}

// Record records a span that is over.
func Record(ctx context.Context, name string, began, ended time.Time, err error, pairs ...string) {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return
	}
	_, s := start(ctx, name, pairs, trace.WithTimestamp(began))
	end(s, err, trace.WithTimestamp(ended))
}

func start(ctx context.Context, name string, pairs []string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	attributes := make([]attribute.KeyValue, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		attributes = append(attributes, attribute.String("billwalk."+pairs[i], pairs[i+1]))
	}
	return trace.SpanFromContext(ctx).TracerProvider().Tracer(scope).Start(ctx, name, append(options, trace.WithAttributes(attributes...))...)
}

// end leaves the error's text out, which may repeat what is to be hidden: the log has it.
func end(s trace.Span, err error, options ...trace.SpanEndOption) {
	if err != nil {
		s.SetStatus(codes.Error, "")
	}
	s.End(options...)
}
