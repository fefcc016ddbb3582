package cli

import (
	"context"
	"fmt"

	"billwalk/pipeline"
	"billwalk/sinks/lake"
)

// printFound prints what is published of the run's days: the bills by account and day, the
// verdicts, and the most largest differences.
func (p *program) printFound(ctx context.Context, l *lake.Lake, r *pipeline.Run, most int) error {
	days, err := readAccountDays(ctx, l, r)
	if err != nil {
		return err
	}
	found, err := readVerdicts(ctx, l, r)
	if err != nil {
		return err
	}
	if err := days.print(p.out, p.verbose, p.styled); err != nil {
		return err
	}
	fmt.Fprintln(p.out)
	if err := found.print(p.out, days.total.all.fen, p.styled); err != nil {
		return err
	}
	if err := found.printNeverAnswered(p.out, namesOf(r.Accounts)); err != nil {
		return err
	}
	if p.verbose {
		if err := found.printOffset(p.out); err != nil {
			return err
		}
	}
	if err := found.differences.print(p.out, namesOf(r.Accounts), most, p.styled); err != nil {
		return err
	}
	fmt.Fprintln(p.out)
	return nil
}
