package receive

import (
	"context"
	"crypto/tls"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	maxHeader    = 8 << 10          // bytes, to which net/http adds 4 KiB
	drainTimeout = 11 * time.Second // for requests in flight; with the last commit, less than 20
	idleTimeout  = 5 * time.Second  // between two requests of a connection
)

// Serve serves requests on the listener until the context ends. Then it accepts no more,
// answers those in flight, and returns when the last batch is stored.
func (r *Receiver) Serve(ctx context.Context, l net.Listener) error {
	server := r.server()
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { r.watchFiles(background) })
	running.Go(func() { r.watchStore(background) })
	defer running.Wait()
	defer stop()
	served := make(chan error, 1)
	go func() {
		l := newConns(r.config.Connections, l)
		l.open, l.closed = r.metrics.connections, r.metrics.connectionsClosed
		if server.TLSConfig != nil {
			served <- server.ServeTLS(l, "", "")
		} else {
			served <- server.Serve(l)
		}
	}()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
		r.drain(server)
		<-served
		return nil
	}
}

func (r *Receiver) server() *http.Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	s := &http.Server{
		Handler: r, Protocols: &protocols, MaxHeaderBytes: maxHeader,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 15 * time.Second, IdleTimeout: idleTimeout,
		ErrorLog: log.New(serverLog{r.samples}, "", 0), ConnContext: withConn,
	}
	if r.certificate != nil {
		s.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, CipherSuites: suites(), GetCertificate: r.certificate.get}
	}
	return s
}

// suites returns the cipher suites of TLS 1.2 with forward secrecy and without CBC. All
// suites of TLS 1.3 are good.
func suites() (ids []uint16) {
	for _, s := range tls.CipherSuites() {
		if strings.HasPrefix(s.Name, "TLS_ECDHE_") && !strings.Contains(s.Name, "_CBC_") {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// serverLog samples the log of net/http, which strangers could fill.
type serverLog struct{ samples *sampler }

// Write implements io.Writer.
func (s serverLog) Write(line []byte) (int, error) {
	text, reason := strings.TrimSpace(string(line)), "server"
	for prefix, word := range map[string]string{"http: TLS handshake error": "tls_handshake", "http: Accept error": "accept", "http: panic": "panic"} {
		if strings.HasPrefix(text, prefix) {
			reason = word
		}
	}
	s.samples.log(slog.LevelWarn, "the HTTP server had trouble with a connection", reason, "error", text)
	return len(line), nil
}

// drain shuts the server down. Senders that get no answer in time repeat their callbacks.
func (r *Receiver) drain(server *http.Server) {
	r.state.draining.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		r.config.Log.Warn("requests in flight were cut off", "error", err)
		_ = server.Close()
	}
	r.accepted.close()
	r.quarantine.close()
}
