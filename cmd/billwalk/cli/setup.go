package cli

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"billwalk/pipeline"
	"billwalk/pipeline/douyin"
	"billwalk/pipeline/jobs"
	"billwalk/pipeline/receive"
	"billwalk/sinks/lake"
	"billwalk/sinks/object"
)

// Setup is the program for a caller that is not a shell: a simulation, or a test that
// changes a part of it. Where a field is zero, the command line's own is used.
type Setup struct {
	Now        func() time.Time // required
	Out, Err   io.Writer        // nil discards
	Log        *slog.Logger     // nil discards; Main has its own, on Err
	TokenCache string           // as --token-cache
	Store      object.Store     // nil opens the lake's URL
	Client     []douyin.Option  // of each client
	RunID      func() string    // nil makes ULIDs
}

func (s Setup) program() *program {
	p := &program{
		out: cmp.Or(s.Out, io.Discard), err: cmp.Or(s.Err, io.Discard), now: s.Now, log: s.Log,
		output: "json", tokenCache: s.TokenCache, world: outside{store: s.Store, client: s.Client, runID: s.RunID},
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	return p
}

// Main runs the command line until the context ends, and returns the exit code.
func (s Setup) Main(ctx context.Context, args ...string) int { return s.program().runUntil(ctx, args) }

// Command returns the command line, for what documents and completes it.
func Command() *cobra.Command { return Setup{Now: Clock}.program().root() }

// Days are the flags --from and --to. Without either, the job's own days are meant.
type Days struct{ From, To string }

// Job is a job of jobs.yaml, wired with its parts. The run may be changed before Do.
type Job struct {
	Run  *pipeline.Run
	Lake *lake.Lake

	program *program
	wired   *wired
}

// Wire wires a job. Without a client, its run can only replay.
func (s Setup) Wire(ctx context.Context, file *jobs.File, name string, withClient bool) (*Job, error) {
	p := s.program()
	return p.job(p.wire(ctx, file, name, withClient))
}

// Open wires a job for the days.
func (s Setup) Open(ctx context.Context, file *jobs.File, name string, days Days, withClient bool) (*Job, error) {
	p := s.program()
	return p.job(p.openDays(ctx, file, name, &dateFlags{from: days.From, to: days.To}, withClient))
}

func (p *program) job(w *wired, err error) (*Job, error) {
	if err != nil {
		return nil, err
	}
	return &Job{Run: w.run, Lake: w.lake, program: p, wired: w}, nil
}

// Do runs the job and stores its summary, as the verb run does.
func (j *Job) Do(ctx context.Context) (*pipeline.Summary, error) { return j.program.do(ctx, j.wired) }

// Stats returns what the clients have done so far.
func (j *Job) Stats() douyin.Stats { return j.wired.stats() }

// Close ends the clients' connections.
func (j *Job) Close() { j.wired.close() }

// Receive serves the receiver of callbacks until the context ends.
func (s Setup) Receive(ctx context.Context, file *jobs.File, addr, metricsAddr string, proxies []string) error {
	return s.program().serveReceiver(ctx, file, receiveFlags{addr: addr, metricsAddr: metricsAddr, proxies: proxies})
}

// Receiver returns what the receiver of callbacks is made of. It calls stop where its
// store turns out to be unfit.
func (s Setup) Receiver(ctx context.Context, file *jobs.File, stop context.CancelCauseFunc) (receive.Config, error) {
	return s.program().receiverParts(ctx, file, receiveFlags{}, prometheus.NewRegistry(), stop)
}

// Interrupted is the cause of a context that a signal has ended. Its ExitCode is the
// one that shells give.
func Interrupted(s syscall.Signal) interface {
	error
	ExitCode() int
} {
	return interrupted{s}
}
