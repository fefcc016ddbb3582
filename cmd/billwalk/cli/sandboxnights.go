package cli

import (
	"github.com/spf13/cobra"

	"billwalk/pipeline/douyin/sandbox/month"
	"billwalk/schema"
)

// nightFlags choose the sandbox that changes from night to night.
type nightFlags struct {
	count, lookback int
	first           string
}

func (f *nightFlags) add(cmd *cobra.Command) {
	cmd.Flags().IntVar(&f.count, "nights", 0, "serve instead a platform that changes from night to night, for so many: bills of closed days are added, changed, removed and moved,\n"+
		"settlements come late, in parts, twice or after a failure, an account or a query parameter is refused for a night. Of the flags above only --addr and --seed count.\n"+
		"The night is that of the clock, until POST /sandbox/night/N chooses one, from 0 on")
	cmd.Flags().StringVar(&f.first, "first", "", "with --nights: the first day with bills, YYYY-MM-DD; yesterday when left out")
	cmd.Flags().IntVar(&f.lookback, "lookback", 7, "with --nights: days within which most of what happens to a day happens")
}

// of says whether that sandbox is meant.
func (f *nightFlags) of(cmd *cobra.Command) (bool, error) {
	for _, name := range []string{"first", "lookback"} {
		if cmd.Flags().Changed(name) && f.count == 0 {
			return false, usage("--%s needs --nights N", name)
		}
	}
	if f.count < 0 || f.count > 366 || f.lookback < 0 || f.lookback > 31 {
		return false, usage("--nights %d, --lookback %d: want at most 366 nights, and 0 to 31 days", f.count, f.lookback)
	}
	return f.count > 0, nil
}

// serveNights serves the platform that changes from night to night.
func (p *program) serveNights(cmd *cobra.Command, addr string, seed uint64, f *nightFlags) error {
	first := schema.DayOf(p.now()) - 1
	if f.first != "" {
		var err error
		if first, err = schema.ParseDay(f.first); err != nil {
			return usage("--first: %w", err)
		}
	}
	addr, err := localAddr(addr)
	if err != nil {
		return err
	}
	stop, err := p.serveAt(addr, month.New(month.Config{Seed: seed, First: first, Nights: f.count, Lookback: f.lookback, Now: p.now}))
	if err != nil {
		return err
	}
	defer stop()
	<-cmd.Context().Done()
	return nil
}
