package cli

import (
	"billwalk/pipeline"
	"billwalk/pipeline/walk"
	"billwalk/pipeline/withdraw"
	"billwalk/schema"
	"billwalk/sinks/archive"
	"billwalk/sinks/lake"
)

// staging is the lake as the pipeline knows it.
type staging struct{ *lake.Lake }

// Stage implements pipeline.Lake.
func (s staging) Stage(base schema.Base) (pipeline.Stage, error) { return s.Lake.Stage(base) }

// Amend implements withdraw.Lake.
func (s staging) Amend(base schema.Base) (withdraw.Stage, error) { return s.Lake.Amend(base) }

// withdrawn is the archive as package withdraw knows it.
type withdrawn struct{ *archive.Archive }

// Withdrawals implements withdraw.Archive.
func (w withdrawn) Withdrawals() walk.Archive { return w.Archive.Withdrawals() }

// WithdrawnBills implements withdraw.Archive.
func (w withdrawn) WithdrawnBills(withdrawID string) walk.Archive {
	return w.Archive.WithdrawnBills(withdrawID)
}
