package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"billwalk/pipeline"
	"billwalk/pipeline/jobs"
	"billwalk/schema"
)

func (p *program) check() *cobra.Command {
	var flags checkFlags
	cmd := &cobra.Command{
		Use:   "check [JOB]",
		Short: "See whether a run could work: config, store, tokens, a page of each account, callbacks, clock; without JOB for all jobs",
		Long: `check looks at everything that a run needs, and says of each what it found and what to do about it:
  config           the file of jobs is read, what it needs is set, and its days are ones that a run takes
  keys             files of public keys can be read, where an app has callbacks
  store            the lake's store can be listed, read and written, and the lake is of this version and its buckets
  store semantics  it honours conditional writes, also when 32 writers race; tried each time, with a few tiny
                   objects below _control/probe/
  files            in a folder lake archive/, _control/ and .billwalk/ are their owner's alone (0700, 0600), and so is
                   the file of --token-cache; --fix makes them so, and leaves the tables as they are
  temporary        the folder for temporary files (TMPDIR) can be written
  callbacks        they arrive in the lake, where an app has callbacks
  receiver         with --receiver URL: a receiver of this jobs.yaml answers there, for each app with callbacks
  token            each app's client_key and client_secret are taken
  page             a page of yesterday's bills of every account; of more than 200, or than the app's qps allows in 30 s,
                   a sample. An account that is refused, or has no bill, is asked for as the other kind, too: a brand
                   (root_account_id) or one account (account_id)
  settlements      the settle query, asked by the rules of match for up to eight orders of those pages
  pace             only where the platform refused calls as too many
  notify           with --notify: a message is sent to each webhook
  clock            this machine's clock against those of the platform and of the store

It publishes nothing. A token that it fetches may end the one of a run that is under way, which then fetches another.
What is wrong comes with what to do, and a code for billwalk explain. Exit codes: 0 all is well, or nothing worse than a warning; 1 a check failed; 2 the config is wrong, or an app's
client_key or client_secret.`,
		Example: "  billwalk check\n  billwalk check nightly --output json\n  billwalk check nightly --receiver https://callbacks.example.com --notify",
		Args:    oneJobAtMost,

		ValidArgsFunction: p.jobNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			d := p.doctor()
			code, err := p.examine(cmd, d, strings.Join(args, ""), flags)
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
	cmd.Flags().StringVar(&flags.receiver, "receiver", "", "ask the receiver of callbacks at this URL, such as https://callbacks.example.com, with a request that it refuses")
	cmd.Flags().BoolVar(&flags.notify, "notify", false, "send a message to each webhook of the jobs")
	cmd.Flags().BoolVar(&flags.fix, "fix", false, "take the rights of other users from private files and folders")
	cmd.Flags().StringVar(&p.tokenCache, "token-cache", "", "look at the modes of this token cache, too: a FILE, as a run has it")
	return cmd
}

// checkFlags are those of the verb check.
type checkFlags struct {
	fix, notify bool
	receiver    string // URL
}

func (p *program) doctor() *doctor {
	return &doctor{now: p.now, hidden: &p.hidden, logProbe: p.logProbe(), tried: make(map[triedAccount]answerOf), skews: make(map[string]time.Duration)}
}

// examine makes all checks that the config allows, of one job or, without a name,
// of all, and returns the exit code.
func (p *program) examine(cmd *cobra.Command, d *doctor, name string, flags checkFlags) (int, error) {
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
	receiving := receivingApps(file, usable, name == "")
	d.keys(file, receiving)
	store := d.store(cmd.Context(), file.Lake)
	p.files(cmd.Context(), d, file.Lake, flags.fix)
	d.temporary()
	d.callbacks(cmd.Context(), store, receiving)
	d.receiver(cmd.Context(), flags.receiver, receiving)
	d.platform(cmd.Context(), file, usable)
	d.messages(cmd.Context(), usable, flags.notify)
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
		d.doubtful(warning)
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
			d.doubtful("job " + name + ": " + warning)
		}
		if _, _, err := job.Dates.Range(schema.DayOf(d.now()), false); err != nil {
			d.misconfigured(fmt.Errorf("job %s: %w", name, err))
			continue
		}
		usable, accounts = append(usable, job), accounts+len(job.Accounts)
	}
	if len(usable) > 0 {
		d.ok("config", fmt.Sprintf("%s, %s", count(len(usable), "job"), count(accounts, "account")))
	}
	return usable
}

func (p *program) printChecks(checks []checked) error {
	if p.output == "json" {
		return p.printJSON(struct {
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

// print prints a line, and below it what to do.
func (c checked) print(out io.Writer) error {
	fix := plain(c.Fix)
	if c.Code != "" {
		fix = strings.TrimLeft(fix+" (billwalk explain "+c.Code+")", " ")
	}
	if _, err := fmt.Fprintf(out, "%-8s %-16s %s\n", c.State, c.Name, plain(c.Detail)); err != nil || fix == "" {
		return err
	}
	_, err := fmt.Fprintf(out, "%-8s %-16s → %s\n", "", "", fix)
	return err
}
