package cli

import (
	"errors"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"billwalk/pipeline/receive"
)

// metricsServer serves the metrics of this process to Prometheus and its health to Kubernetes, and
// nobody anything else.
type metricsServer struct {
	registry *prometheus.Registry
	mux      *http.ServeMux
	server   *http.Server
	served   chan error
}

func newMetricsServer() *metricsServer {
	m := &metricsServer{registry: prometheus.NewRegistry(), served: make(chan error, 1)}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.mux = http.NewServeMux()
	m.mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	m.server = &http.Server{Handler: m.mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 15 * time.Second, IdleTimeout: 5 * time.Second}
	return m
}

// start serves at the address until stop, and returns the URL.
func (m *metricsServer) start(addr string) (string, error) {
	listener, err := listenAt("--metrics-addr", addr)
	if err != nil {
		return "", err
	}
	bounded := receive.Connections{Max: 256, PerAddress: 64}.Limit(listener)
	go func() { m.served <- m.server.Serve(bounded) }()
	return urlOf(listener, false) + "/metrics", nil
}

func (m *metricsServer) stop() {
	_ = m.server.Close()
	if err := <-m.served; !errors.Is(err, http.ErrServerClosed) {
		panic(err) // Serve returns nothing else after Close
	}
}
