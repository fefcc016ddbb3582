package cli

import (
	"context"

	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracespb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
)

// metricsOver and tracesOver are the collector's two services of gRPC, whose methods have one name.
type (
	metricsOver struct {
		metricspb.UnimplementedMetricsServiceServer
		c *collector
	}
	tracesOver struct {
		tracespb.UnimplementedTraceServiceServer
		c *collector
	}
)

func (s metricsOver) Export(_ context.Context, r *metricspb.ExportMetricsServiceRequest) (*metricspb.ExportMetricsServiceResponse, error) {
	s.c.addMetrics(r)
	return &metricspb.ExportMetricsServiceResponse{}, nil
}

func (s tracesOver) Export(_ context.Context, r *tracespb.ExportTraceServiceRequest) (*tracespb.ExportTraceServiceResponse, error) {
	s.c.addSpans(r)
	return &tracespb.ExportTraceServiceResponse{}, nil
}
