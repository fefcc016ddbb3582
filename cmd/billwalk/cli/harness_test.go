package cli

import (
	"io"
	"log/slog"
	"time"
)

// quiet is a program for tests that wire parts by themselves.
func quiet(now func() time.Time) *program {
	return &program{out: io.Discard, err: io.Discard, now: now, log: slog.New(slog.DiscardHandler), output: "json"}
}
