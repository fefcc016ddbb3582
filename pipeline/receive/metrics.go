package receive

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the metrics of a receiver. The labels have few values: apps are those of
// jobs.yaml, and "" is any other path.
type metrics struct {
	received     *prometheus.CounterVec // app, scheme
	verified     *prometheus.CounterVec // app, scheme, key
	refused      *prometheus.CounterVec // app, reason
	quarantined  *prometheus.CounterVec // app, reason
	repeated     *prometheus.CounterVec // app
	acknowledged prometheus.Counter

	batchRequests  prometheus.Histogram
	batchBytes     prometheus.Histogram
	commitSeconds  prometheus.Histogram
	commitFailures prometheus.Counter
	queueRequests  prometheus.Gauge
	queueBytes     prometheus.Gauge

	filesMissing      *prometheus.GaugeVec // files
	connections       prometheus.Gauge
	connectionsClosed *prometheus.CounterVec // bound

	keys           *prometheus.GaugeVec   // app
	reloadFailures *prometheus.CounterVec // file
}

// newMetrics registers the metrics of one receiver.
func newMetrics(registry prometheus.Registerer) *metrics {
	m := &metrics{
		received:     counters("received_total", "Requests to the path of an app, of whatever end.", "app", "scheme"),
		verified:     counters("verified_total", "Requests whose signature holds, by the key that it is of.", "app", "scheme", "key"),
		refused:      counters("refused_total", "Requests that were not acknowledged, by reason; app is empty where there is none.", "app", "reason"),
		quarantined:  counters("quarantined_total", "Signed requests that were stored apart, for a person to look at: each wants an alert.", "app", "reason"),
		repeated:     counters("repeated_total", "Requests that were acknowledged without storing them again: the very callback is durable.", "app"),
		acknowledged: prometheus.NewCounter(prometheus.CounterOpts{Name: prefix + "acknowledged_total", Help: "Requests that are durable, and whose sender was told so."}),

		batchRequests:  histogram("batch_requests", "Requests in a batch.", prometheus.ExponentialBuckets(1, 2, 13)),
		batchBytes:     histogram("batch_bytes", "Bytes of the raw bodies in a batch.", prometheus.ExponentialBuckets(1<<10, 4, 6)),
		commitSeconds:  histogram("commit_seconds", "Time until the store confirmed a batch, or did not.", []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 8}),
		commitFailures: prometheus.NewCounter(prometheus.CounterOpts{Name: prefix + "commit_failures_total", Help: "Batches that the store did not confirm."}),
		queueRequests:  prometheus.NewGauge(prometheus.GaugeOpts{Name: prefix + "queue_requests", Help: "Requests that wait for the store."}),
		queueBytes:     prometheus.NewGauge(prometheus.GaugeOpts{Name: prefix + "queue_bytes", Help: "Bytes of the raw bodies that wait for the store."}),

		connections:       prometheus.NewGauge(prometheus.GaugeOpts{Name: prefix + "connections", Help: "Open connections."}),
		connectionsClosed: counters("connections_closed_total", "Connections that were closed, or not let in, for there were too many: in all, or of one address.", "bound"),

		filesMissing:   prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: prefix + "files_missing", Help: "1 where files of keys or certificates are gone or cannot be read: what was read before is still in use."}, []string{"files"}),
		keys:           prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: prefix + "keys", Help: "Public keys of the platform that are in use."}, []string{"app"}),
		reloadFailures: counters("reload_failures_total", "Changed files of keys or certificates that could not be used: those before them stay.", "files"),
	}
	registry.MustRegister(m.received, m.verified, m.refused, m.quarantined, m.repeated, m.acknowledged,
		m.batchRequests, m.batchBytes, m.commitSeconds, m.commitFailures, m.queueRequests, m.queueBytes,
		m.keys, m.reloadFailures, m.filesMissing, m.connections, m.connectionsClosed)
	return m
}

const prefix = "billwalk_callbacks_"

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + name, Help: help}, labels)
}

func histogram(name, help string, buckets []float64) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Name: prefix + name, Help: help, Buckets: buckets})
}

// commit counts a batch that is done.
func (m *metrics) commit(b *batch, took time.Duration) {
	m.batchRequests.Observe(float64(len(b.lines)))
	m.batchBytes.Observe(float64(b.bytes))
	m.commitSeconds.Observe(took.Seconds())
	if b.err != nil {
		m.commitFailures.Inc()
	}
}
