// Package receive receives the platform's settle callbacks (通知分账结果) over HTTP.
// A callback is verified, then made durable, and only then acknowledged:
//
//	POST /callbacks/settle/{app} ─▶ form ─▶ signature ─▶ readable? ─▶ batch ─PUT─▶ archive/callbacks ─▶ 200
//	                                 └─────────┴─▶ 4xx      └─no─▶ batch ─PUT─▶ its quarantine ─▶ 200, and an alert
//
// The version in the body chooses the signature, and only that one is verified.
//
// The platform repeats a callback until it is acknowledged, so after an error nothing
// is lost. The nightly job queries settlements itself and is right without callbacks.
//
// The package decodes no more of a callback than its signature needs, and does not
// know where the archive is. It keeps nothing of an unsigned request and never logs
// anything of a body.
package receive

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"billwalk/schema"
)

// Archive stores callbacks. Its methods are called concurrently.
type Archive interface {
	// EncodeCallback returns the callback as one line of a batch.
	EncodeCallback(schema.Callback) ([]byte, error)
	// AppendCallbacks makes the batch durable. After an error the batch may be there or
	// not. Every batch has a name of its own.
	AppendCallbacks(ctx context.Context, received schema.Day, batch string, lines []byte) error
	// QuarantineCallbacks does the same with callbacks that a person has to check.
	QuarantineCallbacks(ctx context.Context, received schema.Day, batch string, lines []byte) error
}

// App is the configuration of an application that receives callbacks.
type App struct {
	Name        string
	PublicKeys  []string      // files of the platform's keys: several while it changes its key
	LegacyToken schema.Secret // of 担保支付; if empty, old callbacks are refused
	// AppIDs are the app's mini-programs, if they are configured. Apps with the same
	// public key need them, with none in common.
	AppIDs []string
}

// Config is the configuration of a receiver.
type Config struct {
	Apps      []App
	Cert, Key string // PEM files of a TLS certificate; if both are empty, plain HTTP

	Connections Connections // the limits

	Archive Archive
	// Reach returns why the archive cannot be used, or nil. It is called until it
	// succeeds once, and again after a failed commit.
	Reach func(context.Context) error
	// Readable returns why a verified callback cannot be used, or nil; the error is
	// schema.ErrForeignApp for a callback of another mini-program. If it has a method
	// Reason() string, the result is logged. It is called concurrently.
	Readable func(*schema.Callback) error
	Batch    func() string // returns a name for a batch, unique among all receivers

	Now      func() time.Time
	Log      *slog.Logger
	Registry prometheus.Registerer
}

// Receiver is an http.Handler for callbacks. Serve runs it, and Probe reports its health.
type Receiver struct {
	config      Config
	apps        map[string]*app
	certificate *certificate // nil for plain HTTP
	files       []*files     // checked for changes while it runs
	metrics     *metrics
	samples     *sampler

	accepted, quarantine *commits
	seen                 *repeats
	serving              atomic.Int64  // number of requests being verified or stored
	large                chan struct{} // semaphore for reading long bodies
	state                state
}

// New returns a receiver with its keys and certificate loaded. An error names the file
// and what is wrong with it.
func New(c Config) (*Receiver, error) {
	r := &Receiver{
		config: c, apps: make(map[string]*app), metrics: newMetrics(c.Registry),
		samples: &sampler{logger: c.Log, now: c.Now}, large: make(chan struct{}, maxLarge),
		seen: &repeats{now: c.Now, pending: make(map[repeatKey]*batch)},
	}
	r.accepted = &commits{put: c.Archive.AppendCallbacks, name: c.Batch, done: r.committed, metrics: r.metrics}
	r.quarantine = &commits{put: c.Archive.QuarantineCallbacks, name: c.Batch, done: r.committed, metrics: r.metrics}
	rings := new(keyrings)
	for _, a := range c.Apps {
		keys := &keyring{app: a.Name, ids: a.AppIDs, rings: rings, metrics: r.metrics, log: c.Log}
		if err := r.load("keys of "+a.Name, a.PublicKeys, keys.use); err != nil {
			return nil, fmt.Errorf("app %s: %w", a.Name, err)
		}
		for _, fault := range faults {
			r.metrics.quarantined.WithLabelValues(a.Name, fault) // at 0, for an alert on its increase misses the first of a new series
		}
		r.apps[a.Name] = &app{
			name: a.Name, keys: keys, token: a.LegacyToken,
			verified: r.metrics.verified.WithLabelValues(a.Name, string(schema.SignedLegacy), "token"),
			received: map[schema.SignatureScheme]prometheus.Counter{
				schema.SignedRSA:    r.metrics.received.WithLabelValues(a.Name, string(schema.SignedRSA)),
				schema.SignedLegacy: r.metrics.received.WithLabelValues(a.Name, string(schema.SignedLegacy)),
			},
		}
	}
	if c.Cert != "" {
		r.certificate = new(certificate)
		if err := r.load("certificate", []string{c.Cert, c.Key}, r.certificate.use); err != nil {
			return nil, err
		}
	}
	c.Registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: prefix + "ready", Help: "1 where /readyz says so."}, func() float64 {
		if r.unready() != "" {
			return 0
		}
		return 1
	}))
	return r, nil
}

// load loads files, which are checked for changes from then on.
func (r *Receiver) load(what string, paths []string, use func([]string, [][]byte) error) error {
	f := &files{what: what, paths: paths, use: use}
	r.files = append(r.files, f)
	_, err := f.reload()
	return err
}

const path = "/callbacks/settle/"

// ServeHTTP implements http.Handler.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	from := connOf(q)
	defer from.release()
	a, scheme := r.route(q.URL.Path)
	err := r.accept(a, scheme, q)
	if err != nil && err.status < http.StatusInternalServerError || from.crowded() {
		w.Header().Set("Connection", "close")
	}
	if err != nil {
		r.refuse(w, q, a, err)
		return
	}
	r.metrics.acknowledged.Inc()
	answer(w, http.StatusOK, acknowledgement)
}

// route returns the app of a path and the signature that its callbacks have there; on
// the app's own path the body may choose the other. A slash at the end is ignored. The
// app is nil if there is none.
func (r *Receiver) route(requested string) (*app, schema.SignatureScheme) {
	name, ok := strings.CutPrefix(strings.TrimSuffix(requested, "/"), path)
	if !ok {
		return nil, ""
	}
	if a := r.apps[name]; a != nil {
		return a, schema.SignedRSA
	}
	name, ok = strings.CutSuffix(name, "/legacy")
	if a := r.apps[name]; ok && a != nil && !a.token.Empty() {
		return a, schema.SignedLegacy
	}
	return nil, ""
}

// accept verifies a request and makes its callback durable, or returns why not.
func (r *Receiver) accept(a *app, scheme schema.SignatureScheme, q *http.Request) *refusal {
	if a == nil {
		return errPath
	}
	c := &schema.Callback{App: a.name, ReceivedAt: r.config.Now().UTC(), Scheme: scheme, LogID: cleanLogID(q.Header.Get("Byte-Logid"))}
	signed, err := r.read(a, c, q)
	a.received[c.Scheme].Inc()
	if err != nil {
		return err
	}
	signedAt, ok := parseTimestamp(c.Timestamp)
	switch {
	case !ok:
		return errBadTimestamp
	case signedAt.Sub(c.ReceivedAt) > maxAhead:
		return errTooNew
	}
	if r.serving.Add(1) > maxServing {
		r.serving.Add(-1)
		return errBusy
	}
	defer r.serving.Add(-1)
	if !signed.verify(a) {
		return a.wrongSignature(c)
	}
	connOf(q).protect()
	return r.store(c, signedAt)
}

// What is wrong with a callback in quarantine, as the metric's label.
const (
	tooOld     = "too_old"
	foreignApp = "foreign_app"
	unreadable = "unreadable"
)

var faults = []string{tooOld, foreignApp, unreadable}

// store makes a verified callback durable, unless it is already. A callback that cannot
// be read, is of another mini-program or is too old goes to quarantine: refused, the
// platform would send it again and again.
func (r *Receiver) store(c *schema.Callback, signedAt time.Time) *refusal {
	to, fault, why := r.accepted, "", ""
	if c.ReceivedAt.Sub(signedAt) > maxAge {
		fault = tooOld
	} else if err := r.config.Readable(c); err != nil {
		fault, why = faultOf(err)
	}
	if fault != "" {
		to = r.quarantine
	}
	line, err := r.config.Archive.EncodeCallback(*c)
	if err != nil {
		r.samples.log(slog.LevelError, "a callback cannot be encoded", "encode", "app", c.App, "logid", c.LogID)
		return errStore
	}
	again, err := r.seen.once(repeatKeyOf(c, fault != ""), func() (*batch, error) {
		return to.add(schema.DayOf(c.ReceivedAt), line, len(c.Body))
	})
	switch {
	case errors.Is(err, errFull):
		return errQueueFull
	case err != nil:
		return errStore
	case again:
		r.metrics.repeated.WithLabelValues(c.App).Inc()
	case fault != "":
		r.metrics.quarantined.WithLabelValues(c.App, fault).Inc()
		r.samples.log(slog.LevelError, "a signed callback goes to quarantine, for a person to look at", fault,
			"app", c.App, "why", why, "scheme", c.Scheme, "body_bytes", len(c.Body), "logid", c.LogID)
	}
	return nil
}

// faultOf returns the metric's label for an error of Readable, and the reason that may be
// logged.
func faultOf(err error) (label, reason string) {
	if err, ok := errors.AsType[interface {
		error
		Reason() string
	}](err); ok {
		reason = err.Reason()
	}
	if errors.Is(err, schema.ErrForeignApp) {
		return foreignApp, reason
	}
	return unreadable, reason
}
