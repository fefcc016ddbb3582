package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// interrupted is why a context ended: a signal, with the exit code that shells give it.
type interrupted struct{ signal syscall.Signal }

func (i interrupted) Error() string { return i.signal.String() }

// ExitCode is 130 for SIGINT and 143 for SIGTERM.
func (i interrupted) ExitCode() int { return 128 + int(i.signal) }

// onSignal ends the context at the first SIGINT or SIGTERM. A second one kills.
func onSignal(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case s := <-signals:
			signal.Stop(signals)
			number, _ := s.(syscall.Signal)
			cancel(interrupted{number})
		case <-ctx.Done():
			signal.Stop(signals)
		}
	}()
	return ctx, func() { cancel(context.Canceled); <-done }
}
