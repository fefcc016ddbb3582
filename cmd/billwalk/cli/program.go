package cli

import (
	"io"
	"log/slog"
	"os"
	"time"

	"golang.org/x/term"

	"billwalk/pipeline/shards"
	"billwalk/schema"
)

// Clock is the time of every program that Main runs. Tests have one of their own.
var Clock = time.Now

// program is what all verbs share.
type program struct {
	out, err io.Writer
	now      func() time.Time
	config   string
	output   string
	verbose  bool // log every unit, and print all there is
	styled   bool // stdout takes colours
	log      *slog.Logger
	screen   *screen // nil where stderr is no terminal
	world    outside
	hidden   schema.Redactor // in all that is logged, and in every error

	tokenCache string       // of the verb run
	shard      shards.Shard // of the verbs run, replay and verify
	failOn     failOn       // of the verbs run and replay
}

// prepare checks the common flags and opens the log: text on a terminal, JSON otherwise.
func (p *program) prepare() error {
	if p.output != "text" && p.output != "json" {
		return usage("--output %s: want text or json", p.output)
	}
	options := &slog.HandlerOptions{Level: slog.LevelInfo}
	p.styled = takesStyle(p.out, os.Getenv)
	if p.verbose {
		options.Level = slog.LevelDebug
	}
	if file, ok := p.err.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		p.screen = &screen{terminal: file, width: func() int { return width(file) }}
		p.log = slog.New(coding{slog.NewTextHandler(veiled{p.screen, &p.hidden}, options)})
	} else {
		p.log = slog.New(coding{slog.NewJSONHandler(veiled{p.err, &p.hidden}, options)})
	}
	p.hideEnvironment(os.Environ())
	return nil
}
