package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"billwalk/pipeline/jobs"
	"billwalk/pipeline/normalise"
	"billwalk/pipeline/receive"
	"billwalk/schema"
	"billwalk/sinks/archive"
)

// receiveFlags are those of the verb receive.
type receiveFlags struct {
	addr, metricsAddr string
	cert, key         string
	proxies           []string
}

func (p *program) receive() *cobra.Command {
	var flags receiveFlags
	cmd := &cobra.Command{
		Use:   "receive",
		Short: "Receive the platform's settle callbacks (通知分账结果) into the archive, for the runs to come",
		Long: `receive takes settle callbacks for each app of jobs.yaml that has callbacks:
  POST /callbacks/settle/APP          with version 2.0 signed with one of the app's public_keys (平台公钥); without it, of
                                      orders paid by 担保支付, with its legacy_token, where it has one
  POST /callbacks/settle/APP/legacy   the latter alone

At the address of the metrics, and not where strangers come:
  GET  /metrics, /healthz, /readyz    for Prometheus; alive; ready for callbacks, or why not

A callback is acknowledged once it is stored, and refused otherwise: the platform then sends it again. Files of keys and
certificates are read again when they change. It knows no job, and several may run beside each other.

8,192 connections may be open, and 512 of one address (of IPv6, a /64). One more closes that which has waited longest
without a verified callback. The addresses of --trusted-proxies have no bound of their own: that is the proxy's task.

SIGTERM answers what is in flight, stores the last batch and ends within 20 s. Exit codes: 2 the config or the store is
wrong; 1 it cannot listen; 130/143 ended by a signal.`,
		Example: "  billwalk receive --addr :8080\n" +
			"  billwalk receive --addr :8443 --tls-cert tls.crt --tls-key tls.key",
		Args: nothing,
	}
	cmd.Flags().StringVar(&flags.addr, "addr", ":8080", "address to listen on; without a host, on all of this machine's")
	cmd.Flags().StringVar(&flags.metricsAddr, "metrics-addr", "127.0.0.1:9464", "address of /metrics, /healthz and /readyz; by default for this machine alone, with :9464 for others, too")
	cmd.Flags().StringSliceVar(&flags.proxies, "trusted-proxies", nil, "addresses or networks (10.0.0.0/8,fd00::/8) of the proxies before it, whose connections are not bounded by address")
	cmd.Flags().StringVar(&flags.cert, "tls-cert", "", "file of a TLS certificate, PEM; without it plain HTTP is served, for what ends TLS before it")
	cmd.Flags().StringVar(&flags.key, "tls-key", "", "file of its private key, PEM")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if (flags.cert == "") != (flags.key == "") {
			return usage("--tls-cert and --tls-key go together: give both, or none for plain HTTP")
		}
		file, err := p.loadJobs()
		if err != nil {
			return &exitError{exitUsage, err}
		}
		return p.serveReceiver(cmd.Context(), file, flags)
	}
	return cmd
}

// serveReceiver serves until the context ends:
//
//	the platform ──▶ receive.Receiver ──▶ archive.Archive ──▶ object.Store
//	Prometheus, probes ──▶ metricsServer ──▶ its numbers, and how it is, on a port of their own
func (p *program) serveReceiver(ctx context.Context, file *jobs.File, flags receiveFlags) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	metrics := newMetricsServer()
	receiver, err := p.newReceiver(ctx, file, flags, metrics.registry, stop)
	if err != nil {
		return err
	}
	metrics.mux.Handle("/", receiver.Probe())
	listener, err := listenAt("--addr", flags.addr)
	if err != nil {
		return err
	}
	metricsURL, err := metrics.start(flags.metricsAddr)
	if err != nil {
		_ = listener.Close()
		return err
	}
	defer metrics.stop()
	if err := p.printAddresses(urlOf(listener, flags.cert != ""), metricsURL); err != nil {
		_ = listener.Close()
		return failed(err)
	}
	if os.Getenv("GOGC") == "" {
		defer debug.SetGCPercent(debug.SetGCPercent(receiverGC))
	}
	context.AfterFunc(ctx, func() {
		p.log.Warn("stopping: what is in flight is answered, and the last batch is stored; a second signal kills", "cause", context.Cause(ctx).Error())
	})
	return ended(ctx, receiver.Serve(ctx, listener))
}

// receiverGC is the receiver's GOGC: its heap is small, its garbage much. The
// memory limit stands.
const receiverGC = 400

// ended says how a server that ran until the context's end has ended.
func ended(ctx context.Context, err error) error {
	if err != nil {
		return failed(err)
	}
	if exit, ok := errors.AsType[*exitError](context.Cause(ctx)); ok {
		return exit
	}
	return cut(ctx, nil)
}

// newReceiver wires a receiver. A store that cannot hold a lake ends it.
func (p *program) newReceiver(ctx context.Context, file *jobs.File, flags receiveFlags, registry *prometheus.Registry, stop context.CancelCauseFunc) (*receive.Receiver, error) {
	config, err := p.receiverParts(ctx, file, flags, registry, stop)
	if err != nil {
		return nil, err
	}
	receiver, err := receive.New(config)
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	return receiver, nil
}

// receiverParts is what the receiver is made of.
func (p *program) receiverParts(ctx context.Context, file *jobs.File, flags receiveFlags, registry *prometheus.Registry, stop context.CancelCauseFunc) (config receive.Config, err error) {
	trusted, err := networks("--trusted-proxies", flags.proxies)
	if err != nil {
		return config, err
	}
	receivers, err := file.Receivers()
	if err != nil {
		return config, &exitError{exitUsage, err}
	}
	for _, warning := range file.Lake.Warnings {
		p.log.Warn(warning)
	}
	store, err := p.openStore(ctx, file.Lake)
	if err != nil {
		return config, failed(err)
	}
	config = receive.Config{
		Cert: flags.cert, Key: flags.key, Connections: receive.Connections{Trusted: trusted},
		Archive: archive.New(store),
		Reach: func(ctx context.Context) error {
			exit, ok := errors.AsType[*exitError](p.probe(ctx, &wired{store: store, lakeURL: file.Lake.URL}))
			if !ok {
				return nil
			}
			if exit.code == exitUsage {
				stop(exit)
			}
			return exit.err
		},
		Readable: readableOf(receivers),
		Batch:    p.world.newRunID,
		Now:      p.now, Log: p.log, Registry: registry,
	}
	for _, app := range receivers {
		config.Apps = append(config.Apps, receive.App{Name: app.Name, PublicKeys: app.Callbacks.PublicKeys, LegacyToken: app.Callbacks.LegacyToken, AppIDs: app.Callbacks.AppIDs})
	}
	return config, nil
}

// readableOf returns what says that a callback is one of its app.
func readableOf(apps []jobs.App) func(*schema.Callback) error {
	ids := make(map[string]schema.AppIDs, len(apps))
	for _, app := range apps {
		ids[app.Name] = app.AppIDs()
	}
	return func(c *schema.Callback) error { return normalise.CheckCallback(c, ids[c.App]) }
}

func (p *program) printAddresses(url, metrics string) error {
	if p.output == "json" {
		return p.printJSON(struct {
			URL     string `json:"url"`
			Metrics string `json:"metrics"`
		}{url, metrics})
	}
	_, err := fmt.Fprintf(p.out, "billwalk receive listens at %s, metrics at %s\n", url, metrics)
	return err
}

// listenAt listens on the address that a flag gives.
func listenAt(flag, addr string) (net.Listener, error) {
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return nil, usage("%s %s: want host:port or :port", flag, addr)
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, failed(fmt.Errorf("%w: give another address with %s", err, flag))
	}
	return listener, nil
}

// networks reads a flag's list of networks; an address is a network by itself.
func networks(flag string, texts []string) (all []netip.Prefix, err error) {
	for _, text := range texts {
		network, err := netip.ParsePrefix(text)
		if addr, addrErr := netip.ParseAddr(text); addrErr == nil && addr.Zone() == "" {
			network, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil || network.Addr().Is4In6() {
			return nil, usage("%s %s: want addresses or networks such as 10.0.0.0/8", flag, text)
		}
		all = append(all, network)
	}
	return all, nil
}

func urlOf(l net.Listener, secure bool) string {
	if secure {
		return "https://" + l.Addr().String()
	}
	return "http://" + l.Addr().String()
}
