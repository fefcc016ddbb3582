package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"billwalk/pipeline"
	"billwalk/pipeline/jobs"
	"billwalk/pipeline/receive"
)

// checkState is what a check comes to.
type checkState string

const (
	stateOK      checkState = "ok"
	stateWarning checkState = "warning" // or it could not be checked
	stateFailed  checkState = "failed"
)

// checked is the result of one check.
type checked struct {
	Name   string     `json:"name"` // config, keys, store, store semantics, files, token, page, settlements or clock
	State  checkState `json:"state"`
	Detail string     `json:"detail"`
	Fix    string     `json:"fix"` // what to do, empty where there is nothing
}

func (p *program) check() *cobra.Command {
	fix := false
	cmd := &cobra.Command{
		Use:   "check [JOB]",
		Short: "See whether a run could work: config, store, tokens, one page of bills, clock; without JOB for all jobs",
		Long: `check looks at everything that a run needs, and says of each what it found and what to do about it:
  config           the file of jobs is read, and what it needs is set
  keys             files of public keys can be read, where an app has callbacks
  store            the lake's store can be listed, read and written
  store semantics  it honours conditional writes, also when 32 writers race; tried each time, with a few tiny
                   objects below _control/probe/
  files            in a folder lake archive/, _control/ and .billwalk/ are their owner's alone (0700, 0600), and so is
                   the file of --token-cache; --fix makes them so, and leaves the tables as they are
  token            each app's client_key and client_secret are taken
  page             one page of yesterday's bills of each job's first account
  settlements      the settle query, asked with an order of that page
  clock            this machine's clock against those of the platform and of the store

It publishes nothing. A token that it fetches may end the one of a run that is under way, which then fetches another.
Exit codes: 0 all is well, or nothing worse than a warning; 1 a check failed; 2 the config is wrong, or an app's
client_key or client_secret.`,
		Example: "  billwalk check\n  billwalk check nightly --output json",
		Args:    oneJobAtMost,

		ValidArgsFunction: p.jobNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			d := &doctor{now: p.now, hidden: &p.hidden, logProbe: p.logProbe(), skews: make(map[string]time.Duration)}
			code, err := p.examine(cmd, d, strings.Join(args, ""), fix)
			if err != nil {
				return err
			}
			if err := p.printChecks(d.checks); err != nil {
				return failed(err)
			}
			if code != pipeline.ExitDone {
				return &exitError{code, nil} // all is said
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&fix, "fix", false, "take the rights of other users from private files and folders")
	cmd.Flags().StringVar(&p.tokenCache, "token-cache", "", "look at the modes of this token cache, too: a FILE, as a run has it")
	return cmd
}

// examine makes all checks that the config allows, of one job or, without a name,
// of all, and returns the exit code.
func (p *program) examine(cmd *cobra.Command, d *doctor, name string, fix bool) (int, error) {
	file, stop, err := p.load(cmd, name)
	if exit, ok := errors.AsType[*exitError](err); ok && exit.code == exitUsage {
		d.misconfigured(exit.err)
		return exitUsage, nil
	} else if err != nil {
		return 0, err
	}
	defer stop()
	names := []string{name}
	if name == "" {
		names = file.Names()
	}
	usable := d.config(file, names)
	d.keys(file, usable, name == "")
	d.store(cmd.Context(), file.Lake)
	p.files(cmd.Context(), d, file.Lake, fix)
	d.platform(cmd.Context(), file, usable)
	d.clock()
	if err := cmd.Context().Err(); err != nil {
		return 0, &exitError{pipeline.ExitFailed, fmt.Errorf("the checks were interrupted: %w", err)}
	}
	switch {
	case len(usable) < len(names), d.wrongCredentials:
		return exitUsage, nil
	case slices.ContainsFunc(d.checks, func(c checked) bool { return c.State == stateFailed }):
		return pipeline.ExitFailed, nil
	default:
		return pipeline.ExitDone, nil
	}
}

// config checks jobs.yaml, and returns the jobs that can be run.
func (d *doctor) config(file *jobs.File, names []string) (usable []jobs.Job) {
	accounts := 0
	for _, warning := range file.Lake.Warnings {
		d.add("config", stateWarning, warning, "")
	}
	for _, name := range names {
		job, err := file.Job(name)
		if err == nil {
			err = file.Conflict(name)
		}
		if err != nil {
			d.misconfigured(err)
			continue
		}
		for _, warning := range job.Warnings {
			d.add("config", stateWarning, "job "+name+": "+warning, "")
		}
		usable, accounts = append(usable, job), accounts+len(job.Accounts)
	}
	if len(usable) > 0 {
		d.add("config", stateOK, fmt.Sprintf("%s, %s", count(len(usable), "job"), count(accounts, "account")), "")
	}
	return usable
}

// keys looks at the files of public keys that a receiver would read: of all apps, or
// of those that the jobs use. They may lie on the receiver's machine alone.
func (d *doctor) keys(file *jobs.File, usable []jobs.Job, all bool) {
	for _, name := range slices.Sorted(maps.Keys(file.Apps)) {
		app := file.Apps[name]
		if app.Callbacks == nil || !all && !slices.Contains(appsOf(usable), name) {
			continue
		}
		for _, path := range app.Callbacks.PublicKeys {
			subject := "callbacks of app " + name + ": "
			switch err := receive.CheckKeyFile(path); {
			case errors.Is(err, fs.ErrNotExist):
				d.add("keys", stateWarning, subject+err.Error()+": only `billwalk receive` needs it", "")
			case err != nil:
				d.add("keys", stateFailed, subject+err.Error(), fixKeys)
			default:
				d.add("keys", stateOK, subject+path, "")
			}
		}
	}
}

const fixKeys = "从控制台重新下载平台公钥; take the platform's public key (平台公钥) from the app's page on the console again, as the message says"

const fixConfig = "修改配置; correct the file of jobs, or set the variable, as the message says"

// misconfigured adds a finding for each fault of jobs.yaml.
func (d *doctor) misconfigured(err error) {
	for fault := range strings.SplitSeq(err.Error(), "\n") {
		d.add("config", stateFailed, fault, fixConfig)
	}
}

func (p *program) printChecks(checks []checked) error {
	if p.output == "json" {
		return json.NewEncoder(p.out).Encode(struct {
			Checks []checked `json:"checks"`
		}{checks})
	}
	for _, c := range checks {
		if err := c.print(p.out); err != nil {
			return err
		}
	}
	return nil
}

func (c checked) print(out io.Writer) error {
	if _, err := fmt.Fprintf(out, "%-8s %-16s %s\n", c.State, c.Name, plain(c.Detail)); err != nil || c.Fix == "" {
		return err
	}
	_, err := fmt.Fprintf(out, "%-8s %-16s → %s\n", "", "", plain(c.Fix))
	return err
}
