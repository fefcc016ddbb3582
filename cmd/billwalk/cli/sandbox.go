package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"billwalk/pipeline/douyin/sandbox"
	"billwalk/schema"
)

// demoWorld is the platform of the demo.
func (p *program) demoWorld() sandbox.Config {
	world := sandbox.Demo()
	world.Now = p.now
	return world
}

func (p *program) sandbox() *cobra.Command {
	config := sandbox.Config{Now: p.now}
	var addr, faults, breaks string
	var callbacks callbackFlags
	var nights nightFlags
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Serve a simulated platform, for trying and testing",
		Example: "  billwalk sandbox --addr 127.0.0.1:9090 --seed 7 --faults 2119003,cut\n" +
			"  billwalk sandbox --callbacks http://127.0.0.1:8080/callbacks/settle/trade\n" +
			"  billwalk sandbox --nights 30 --first 2026-06-01 --lookback 7",
		Args: nothing,
	}
	cmd.Flags().StringVar(&addr, "addr", ":9090", "address to listen on; without a host it is this machine alone")
	cmd.Flags().Uint64Var(&config.Seed, "seed", 1, "seed of the world: the same seed serves the same bills")
	cmd.Flags().IntVar(&config.Accounts, "accounts", 12, "accounts to configure")
	cmd.Flags().IntVar(&config.Bills, "bills", 120, "bills per account and day, on average")
	cmd.Flags().IntVar(&config.QPS, "qps", 0, "calls per second of each API of bills, withdrawals and stores before 2119003; 0 is no limit")
	cmd.Flags().IntVar(&config.TradeQPS, "trade-qps", 0, "settle queries per second before 2119003; 0 is no limit")
	cmd.Flags().DurationVar(&config.Latency, "latency", 0, "time that every answer takes")
	cmd.Flags().BoolVar(&config.Healthy, "healthy", false, "a world without exceptions and refused accounts")
	cmd.Flags().StringVar(&faults, "faults", "", faultsUsage())
	cmd.Flags().IntVar(&config.Passing, "passing", 5, "percent of the calls that meet one of the passing faults that are on")
	cmd.Flags().BoolVar(&config.Withdrawals, "withdrawals", false, "accounts withdraw their money: on the next day, in parts, every third day or after weeks, by hand, at once or after some nights in flight, sometimes at the second attempt")
	cmd.Flags().StringVar(&breaks, "breaks", "", breaksUsage())
	callbacks.add(cmd)
	nights.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := describe(&config, faults, breaks); err != nil {
			return err
		}
		if changing, err := nights.of(cmd); err != nil {
			return err
		} else if changing {
			return p.serveNights(cmd, addr, config.Seed, &nights)
		}
		delivery, err := callbacks.of(cmd, &config, schema.DayOf(p.now()))
		if err != nil {
			return err
		}
		return p.serveSandbox(cmd.Context(), addr, config, delivery)
	}
	return cmd
}

// describe sets the faults and the breaks of a platform, and refuses a platform that cannot be.
func describe(config *sandbox.Config, faults, breaks string) (err error) {
	if config.Faults, err = sandbox.ParseFaults(faults); err != nil {
		return usage("--faults: %w", err)
	}
	if config.Breaks, err = sandbox.ParseBreaks(breaks); err != nil {
		return usage("--breaks: %w", err)
	}
	switch {
	case config.Accounts < 1:
		return usage("--accounts %d: want 1 or more", config.Accounts)
	case config.Bills < 1:
		return usage("--bills %d: want 1 or more", config.Bills)
	case config.Passing < 1 || config.Passing > 100:
		return usage("--passing %d: want 1 to 100 percent", config.Passing)
	case breaks != "" && !config.Withdrawals:
		return usage("--breaks needs --withdrawals")
	case config.QPS < 0 || config.TradeQPS < 0 || config.Latency < 0:
		return usage("--qps %d, --trade-qps %d and --latency %s: want 0 or more", config.QPS, config.TradeQPS, config.Latency)
	}
	return nil
}

// faultsUsage is the help text of --faults.
func faultsUsage() string {
	var list strings.Builder
	list.WriteString("faults to switch on, by name, all, or passing for those that strike a call once:\n")
	for _, doc := range sandbox.FaultList() {
		fmt.Fprintf(&list, "  %-20s %s\n", doc.Name, doc.Doc)
	}
	return list.String()
}

// breaksUsage is the help text of --breaks.
func breaksUsage() string {
	list := "differences to plant among the withdrawals, by name or all:\n"
	for _, doc := range sandbox.BreakList() {
		list += fmt.Sprintf("  %-20s %s\n", doc.Name, doc.Doc)
	}
	return list
}

// serveSandbox serves until the context ends. Callbacks are posted, if they are to
// be, as soon as it serves.
func (p *program) serveSandbox(ctx context.Context, addr string, config sandbox.Config, callbacks *sandbox.DeliveryConfig) error {
	addr, err := localAddr(addr)
	if err != nil {
		return err
	}
	platform := sandbox.New(config)
	stop, err := p.serveAt(addr, platform)
	if err != nil {
		return err
	}
	defer stop()
	if callbacks != nil {
		if err := p.postCallbacks(ctx, platform, *callbacks); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return nil
}

// localAddr returns the address to listen on: without a host, of this machine alone.
func localAddr(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", usage("--addr %s: want host:port or :port", addr)
	}
	return net.JoinHostPort(cmp.Or(host, "127.0.0.1"), port), nil
}

// serveAt serves a platform, and says where.
func (p *program) serveAt(addr string, platform http.Handler) (stop func(), err error) {
	url, stop, err := serveHandler(platform, addr)
	if err != nil {
		return nil, failed(fmt.Errorf("%w: give another address with --addr", err))
	}
	fmt.Fprintf(p.out, "The sandbox platform serves at %s; open it for what it offers.\n", url)
	return stop, nil
}

// running is a sandbox that is being served.
type running struct {
	*sandbox.Platform
	url  string
	stop func()
}

// startSandbox serves a sandbox on a port of this machine that is free.
func startSandbox(_ context.Context, config sandbox.Config) (*running, error) {
	return listen(sandbox.New(config), "127.0.0.1:0")
}

func listen(platform *sandbox.Platform, addr string) (*running, error) {
	url, stop, err := serveHandler(platform, addr)
	if err != nil {
		return nil, err
	}
	return &running{platform, url, stop}, nil
}

// serveHandler serves at an address, until it is stopped.
func serveHandler(platform http.Handler, addr string) (url string, stop func(), err error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: platform, ReadHeaderTimeout: 5 * time.Second}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	return "http://" + listener.Addr().String(), sync.OnceFunc(func() {
		_ = server.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			panic(err) // Serve returns nothing else after Close
		}
	}), nil
}
