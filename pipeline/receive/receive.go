// Package receive takes the platform's settle callbacks (通知分账结果) over HTTP.
// Each is verified first, then made durable, and only then acknowledged:
//
//	POST /callbacks/settle/{app} ─▶ form ─▶ signature ─▶ can it be read? ─▶ batch ─PUT─▶ archive/callbacks ─▶ 200
//	                                 └─────────┴─▶ 4xx           └─no─▶ batch ─PUT─▶ its quarantine ─▶ 200, and an alert
//
// The body's version chooses the signature, and that one alone is checked.
//
// The platform repeats what is not acknowledged, so that whatever goes wrong is
// answered with an error and nothing is lost; and the nightly job asks for all
// settlements by itself, so that it is right without any callback.
//
// The package does not look into a callback beyond what its signature needs, and
// does not know where the archive is. Nothing of an unsigned request is kept, and
// nothing of a body is ever logged.
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

// Archive keeps callbacks. Its methods may be called concurrently.
type Archive interface {
	// EncodeCallback returns the callback as one line of a batch.
	EncodeCallback(schema.Callback) ([]byte, error)
	// AppendCallbacks makes the batch durable, or else returns an error, after which
	// it may be there all the same. No batch has the name of another.
	AppendCallbacks(ctx context.Context, received schema.Day, batch string, lines []byte) error
	// QuarantineCallbacks does the same with what a person has to look at.
	QuarantineCallbacks(ctx context.Context, received schema.Day, batch string, lines []byte) error
}

// App is an application whose callbacks are received.
type App struct {
	Name        string
	PublicKeys  []string      // files of the platform's keys: the current one, and others while they change
	LegacyToken schema.Secret // of 担保支付; empty: its callbacks are refused
	// AppIDs are the mini-programs that it is configured for by name, if any. Apps that
	// share a public key need them, with none in common.
	AppIDs []string
}

// Config is what a receiver is made of.
type Config struct {
	Apps      []App
	Cert, Key string // files of a TLS certificate, PEM; both empty: plain HTTP

	Connections Connections // how many may be open

	Archive Archive
	// Reach finds out whether the archive can be relied on, and returns why not. It
	// is called until it succeeds once, and again after a commit that failed.
	Reach func(context.Context) error
	// Readable says what is wrong with a verified callback, for whoever reads the
	// archive; of another mini-program's it is schema.ErrForeignApp. Where the error has a
	// method Reason, that goes to the log. It may be called concurrently.
	Readable func(*schema.Callback) error
	Batch    func() string // names a batch, as no other of any receiver

	Now      func() time.Time
	Log      *slog.Logger
	Registry prometheus.Registerer
}

// Receiver is an http.Handler for callbacks. Serve has it run; Probe answers for it.
type Receiver struct {
	config      Config
	apps        map[string]*app
	certificate *certificate // nil for plain HTTP
	files       []*files     // that are looked at while it runs
	metrics     *metrics
	samples     *sampler

	accepted, quarantine *commits
	seen                 *repeats
	serving              atomic.Int64  // requests that are verified or being stored
	large                chan struct{} // held while a long body is read
	state                state
}

// app is an App in use.
type app struct {
	name     string
	keys     *keyring
	token    schema.Secret
	verified prometheus.Counter                            // of what is signed with the token
	received map[schema.SignatureScheme]prometheus.Counter // of whatever end
}

// New reads the keys and the certificate: an error names the file and what is
// wrong with it.
func New(c Config) (*Receiver, error) {
	r := &Receiver{
		config: c, apps: make(map[string]*app), metrics: newMetrics(c.Registry),
		samples: &sampler{to: c.Log, now: c.Now}, large: make(chan struct{}, mostLarge),
		seen: &repeats{now: c.Now, pending: make(map[repeatKey]*batch)},
	}
	r.accepted = &commits{put: c.Archive.AppendCallbacks, name: c.Batch, ended: r.ended, metrics: r.metrics}
	r.quarantine = &commits{put: c.Archive.QuarantineCallbacks, name: c.Batch, ended: r.ended, metrics: r.metrics}
	rings := new(keyrings)
	for _, a := range c.Apps {
		keys := &keyring{app: a.Name, ids: a.AppIDs, rings: rings, metrics: r.metrics, log: c.Log}
		if err := r.use("keys of "+a.Name, a.PublicKeys, keys.use); err != nil {
			return nil, fmt.Errorf("app %s: %w", a.Name, err)
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
		if err := r.use("certificate", []string{c.Cert, c.Key}, r.certificate.use); err != nil {
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

// use reads files for the first time; from then on they are looked at.
func (r *Receiver) use(what string, paths []string, use func([]string, [][]byte) error) error {
	f := &files{what: what, paths: paths, use: use}
	r.files = append(r.files, f)
	_, err := f.look()
	return err
}

const path = "/callbacks/settle/"

// ServeHTTP implements http.Handler.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	from := connOf(q)
	defer from.yield()
	a, scheme := r.route(q.URL.Path)
	err := r.take(a, scheme, q)
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

// route finds the app, and the signature that callbacks on this path have: on an
// app's own path, where the body does not choose the other. One slash at the end is
// the same path. The app is nil where there is none.
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

// take verifies one request and makes it durable: without an error it is.
func (r *Receiver) take(a *app, scheme schema.SignatureScheme, q *http.Request) *refusal {
	if a == nil {
		return errPath
	}
	c := &schema.Callback{App: a.name, ReceivedAt: r.config.Now().UTC(), Scheme: scheme, LogID: clean(q.Header.Get("Byte-Logid"))}
	signed, err := r.read(a, c, q)
	a.received[c.Scheme].Inc()
	if err != nil {
		return err
	}
	signedAt, ok := parseInstant(c.Timestamp)
	switch {
	case !ok:
		return errBadTimestamp
	case signedAt.Sub(c.ReceivedAt) > mostAhead:
		return errTooNew
	}
	if r.serving.Add(1) > mostServing {
		r.serving.Add(-1)
		return errBusy
	}
	defer r.serving.Add(-1)
	if !signed.holds(a) {
		return a.wrong(c)
	}
	connOf(q).hold()
	return r.store(c, signedAt)
}

// store makes a verified callback durable. One that is no callback to read, of another
// mini-program, or suspiciously old is kept apart: it is the platform's all the same, which
// would send it again and again. One that is durable already is not stored again.
func (r *Receiver) store(c *schema.Callback, signedAt time.Time) *refusal {
	to, apart, why := r.accepted, "", ""
	if c.ReceivedAt.Sub(signedAt) > mostAge {
		apart = "too_old"
	} else if err := r.config.Readable(c); err != nil {
		apart, why = unreadableBecause(err)
	}
	if apart != "" {
		to = r.quarantine
	}
	line, err := r.config.Archive.EncodeCallback(*c)
	if err != nil {
		r.samples.log(slog.LevelError, "a callback cannot be encoded", "encode", "app", c.App, "logid", c.LogID)
		return errStore
	}
	again, err := r.seen.once(repeatKeyOf(c, apart != ""), func() (*batch, error) {
		return to.add(schema.DayOf(c.ReceivedAt), line, len(c.Body))
	})
	switch {
	case errors.Is(err, errFull):
		return errQueueFull
	case err != nil:
		return errStore
	case again:
		r.metrics.repeated.WithLabelValues(c.App).Inc()
	case apart != "":
		r.metrics.quarantined.WithLabelValues(c.App, apart).Inc()
		r.samples.log(slog.LevelError, "a signed callback goes to quarantine, for a person to look at", apart,
			"app", c.App, "why", why, "scheme", c.Scheme, "body_bytes", len(c.Body), "logid", c.LogID)
	}
	return nil
}

// unreadableBecause returns the metric's word for an error of Readable, and what the log
// may say of it.
func unreadableBecause(err error) (apart, why string) {
	if err, ok := errors.AsType[interface {
		error
		Reason() string
	}](err); ok {
		why = err.Reason()
	}
	if errors.Is(err, schema.ErrForeignApp) {
		return "foreign_app", why
	}
	return "unreadable", why
}
