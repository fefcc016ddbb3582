package cli

import (
	"context"

	"github.com/spf13/cobra"
)

// forJob completes a verb that takes the name of a job and the flags of days: it wires
// the job, for whose run do is called. Without a client, no API call can be made.
func (p *program) forJob(cmd *cobra.Command, dates *dateFlags, withClient bool, do func(context.Context, *wired) error) *cobra.Command {
	cmd.Args, cmd.ValidArgsFunction = oneJob, p.jobNames
	dates.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		w, err := p.open(cmd, args[0], dates, withClient)
		if err != nil {
			return err
		}
		defer w.close()
		return do(cmd.Context(), w)
	}
	return cmd
}
