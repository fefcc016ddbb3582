package cli

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"billwalk/schema"
)

// resolveFlags are what was settled by hand.
type resolveFlags struct{ order, account, reason, by, file string }

func (p *program) resolve() *cobra.Command {
	var flags resolveFlags
	cmd := &cobra.Command{
		Use:   "resolve JOB",
		Short: "Note that differences were settled by hand; the tables stay as they are",
		Long: `Note that a difference was settled by hand: who, when and why. Status, the report and the views
show the order as resolved, as long as its amounts are those of now; when they change it is open again by itself.
Nothing in the tables is changed, and what was noted stays: a later note on the same order counts.

--file names a CSV with the header order,account,reason and, if you like, by. All rows are
checked before any is written.`,
		Example: "  billwalk resolve nightly --order 7203456789012345678 --account 7113893944009705516 --reason 平台已补分账\n" +
			"  billwalk resolve nightly --file resolutions.csv --by 李会计",
	}
	cmd.Flags().StringVar(&flags.order, "order", "", "the order, as group_key of reconciliation has it, without the item")
	cmd.Flags().StringVar(&flags.account, "account", "", "the account of the file of jobs whose bills these are (walk_account_id)")
	cmd.Flags().StringVar(&flags.reason, "reason", "", "why it is settled, in your words")
	cmd.Flags().StringVar(&flags.by, "by", "", "who says so (default: the user of this machine)")
	cmd.Flags().StringVar(&flags.file, "file", "", "a CSV of many: order,account,reason[,by]")
	cmd.Args, cmd.ValidArgsFunction = oneJob, p.jobNames
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		notes, err := flags.notes()
		if err != nil {
			return misused(err)
		}
		w, err := p.open(cmd, args[0], new(dateFlags), false)
		if err != nil {
			return err
		}
		defer w.close()
		return p.appendNotes(cmd.Context(), w, notes)
	}
	return cmd
}

// note is a resolution, and where it was read.
type note struct {
	schema.Resolution
	place string // "" for the flags, else "FILE:LINE: "
}

// notes reads what is to be noted, and checks what can be checked without the lake.
func (f *resolveFlags) notes() ([]note, error) {
	by := f.by
	if by == "" {
		if u, err := user.Current(); err == nil {
			by = u.Username
		}
	}
	if f.file == "" {
		n := newNote("", f.order, f.account, f.reason, by)
		return []note{n}, n.check()
	}
	if f.order != "" || f.account != "" || f.reason != "" {
		return nil, errors.New("--file has the orders: leave out --order, --account and --reason")
	}
	return readNotes(f.file, by)
}

func newNote(place, order, account, reason, by string) note {
	n := note{place: place}
	n.Order, n.WalkAccountID, n.Reason, n.By = strings.TrimSpace(order), schema.AccountID(strings.TrimSpace(account)), strings.TrimSpace(reason), strings.TrimSpace(by)
	return n
}

func (n *note) check() error {
	if n.Order == "" || n.Reason == "" || n.By == "" {
		return fmt.Errorf("%swant an order, an account, a reason and who says so: --order ID --account ID --reason TEXT --by NAME", n.place)
	}
	if _, err := schema.ParseAccountID(string(n.WalkAccountID)); err != nil {
		return fmt.Errorf("%s%w", n.place, err)
	}
	if text := n.Order + n.Reason + n.By; !utf8.ValidString(text) {
		return fmt.Errorf("%sit is not UTF-8: save the file as CSV UTF-8", n.place)
	}
	return nil
}

// readNotes reads a CSV. All of its faults are reported at once, each with its line.
func readNotes(path, by string) (notes []note, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	lines := csv.NewReader(file)
	header, err := lines.Read()
	if err != nil {
		return nil, fmt.Errorf("%s: the header order,account,reason is missing: %w", path, err)
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff") // as spreadsheets write it
	at := make(map[string]int)
	for i, name := range header {
		at[strings.TrimSpace(name)] = i
	}
	for _, name := range []string{"order", "account", "reason"} {
		if _, ok := at[name]; !ok {
			return nil, fmt.Errorf("%s:1: there is no column %q: want order,account,reason[,by]", path, name)
		}
	}
	var faults []error
	for {
		row, err := lines.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, errors.Join(append(faults, fmt.Errorf("%s: %w", path, err))...)
		}
		line, _ := lines.FieldPos(0)
		who := by
		if i, ok := at["by"]; ok && row[i] != "" {
			who = row[i]
		}
		n := newNote(fmt.Sprintf("%s:%d: ", path, line), row[at["order"]], row[at["account"]], row[at["reason"]], who)
		notes, faults = append(notes, n), append(faults, n.check())
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	if len(notes) == 0 {
		return nil, fmt.Errorf("%s: it has no row but the header", path)
	}
	return notes, nil
}

// appendNotes checks the notes against what is published, and appends all or none.
func (p *program) appendNotes(ctx context.Context, w *wired, notes []note) error {
	var keys []schema.ResolutionKey
	for i := range notes {
		keys = append(keys, notes[i].Key())
	}
	amounts, err := w.lake.OrderAmounts(ctx, keys)
	if err != nil {
		return cut(ctx, err)
	}
	names := namesOf(w.run.Accounts)
	var faults []error
	var rows []schema.Resolution
	for i := range notes {
		n := &notes[i]
		now := amounts[n.Key()]
		_, own := names[n.WalkAccountID]
		switch {
		case !own:
			faults = append(faults, fmt.Errorf("%saccount %s is none of job %s: the report lists the ids of its accounts", n.place, n.WalkAccountID, w.run.Job))
			continue
		case now == nil:
			faults = append(faults, fmt.Errorf("%sthe lake has no order %s of account %s: take both ids from the same row of the report, with all digits", n.place, n.Order, names.with(n.WalkAccountID)))
			continue
		case !now.Open:
			faults = append(faults, fmt.Errorf("%sorder %s of account %s has nothing open: there is no difference to settle", n.place, n.Order, names.with(n.WalkAccountID)))
			continue
		}
		n.At, n.Job, n.Amounts = p.now().UTC().Truncate(time.Microsecond), w.run.Job, now.Fingerprint()
		if total := now.Diff[schema.LegTotal]; total.Valid {
			n.DiffTotal = &total.V
		}
		rows = append(rows, n.Resolution)
	}
	if err := errors.Join(faults...); err != nil {
		return usage("nothing was noted: %w", err)
	}
	if err := w.lake.AppendResolutions(ctx, rows); err != nil {
		return cut(ctx, err)
	}
	for _, r := range rows {
		fmt.Fprintf(p.out, "resolved order %s of account %s", plain(r.Order), names.with(r.WalkAccountID))
		if r.DiffTotal != nil {
			fmt.Fprintf(p.out, ", %s yuan", r.DiffTotal.Yuan())
		}
		fmt.Fprintf(p.out, ", by %s: %s\n", plain(r.By), plain(r.Reason))
	}
	return nil
}
