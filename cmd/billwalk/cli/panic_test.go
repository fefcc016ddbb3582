package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline/jobs"
	"billwalk/pipeline/normalise"
	"billwalk/pipeline/walk"
	"billwalk/schema"
)

// panicMain is a billwalk that panics with all that it knows at its second page.
// Its argument is the jobs.yaml.
func panicMain() {
	file, err := jobs.Load(os.Args[1], os.LookupEnv)
	if err != nil {
		panic(err)
	}
	p := &program{out: io.Discard, err: os.Stderr, now: billwalktest.Now, log: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	w, err := p.wire(context.Background(), file, "nightly", true)
	if err != nil {
		panic(err)
	}
	w.run.Walk.Source = panicSource{w.run.Walk.Source, w}
	w.run.From, w.run.To = billwalktest.FirstDay, billwalktest.FirstDay
	_, _ = w.run.Do(context.Background())
}

type panicSource struct {
	walk.Source
	w *wired
}

func (s panicSource) Bills(ctx context.Context, u schema.Unit, cursor string, size int) (normalise.PageAnswer, error) {
	if _, err := s.Source.Bills(ctx, u, cursor, size); err != nil { // has a token by now
		panic(err)
	}
	app := s.w.file.Apps["life"]
	panic(fmt.Sprintf("%+v %#v %v %+v %+v", *s.w.file, *s.w.file, app, s.w.clients[0], app.ClientSecret))
}

// TestPanicShowsNoSecret: a bug that ends the program prints where it was, and no
// credential, token or coupon code, not even when it prints the whole config and
// the client.
func TestPanicShowsNoSecret(t *testing.T) {
	t.Parallel()
	platform := billwalktest.Serve(t, billwalktest.World(5, 20))
	heard := billwalktest.PlantCanaries(t, platform)
	config := billwalktest.Job{Lake: billwalktest.FolderLake(t), Platform: heard.URL, Accounts: platform.Accounts()[:1], QPS: 100, Trade: 100,
		Extra: "    columns: {code: hash, code_key: canary-code-key}\n"}.Write(t)
	cmd := exec.Command("billwalk-panics", config)
	cmd.Env = append(os.Environ(), "GOTRACEBACK=system")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	err := cmd.Run()
	if err == nil || !strings.Contains(said.String(), "panicSource") || strings.Count(said.String(), "redacted") < 3 {
		t.Fatalf("%v: it did not panic with what it knows:\n%.2000s", err, said.String())
	}
	billwalktest.CheckSilent(t, "the panic", said.String(), heard.Secrets())
}
