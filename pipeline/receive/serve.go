package receive

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/net/netutil"
)

const (
	mostConnections = 8192             // further ones wait to be accepted
	mostHeader      = 8 << 10          // bytes, to which net/http adds 4 KiB
	mostDraining    = 11 * time.Second // for requests in flight; with the last commit, less than 20
)

// Serve answers on the listener until the context ends. Then it takes no further
// requests, answers those in flight, and returns when the last batch is stored.
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
		l := netutil.LimitListener(l, mostConnections)
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
		Handler: r, Protocols: &protocols, MaxHeaderBytes: mostHeader,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 15 * time.Second, IdleTimeout: 60 * time.Second,
		ErrorLog: slog.NewLogLogger(r.config.Log.Handler(), slog.LevelWarn),
	}
	if r.certificate != nil {
		s.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: r.certificate.get}
	}
	return s
}

// drain ends the server. Who is not answered in time will come again.
func (r *Receiver) drain(server *http.Server) {
	r.state.draining.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), mostDraining)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		r.config.Log.Warn("requests in flight were cut off", "error", err)
		_ = server.Close()
	}
	r.accepted.close()
	r.quarantine.close()
}
