package pipeline

import "billwalk/pipeline/withdraw"

// Withdrawals is how a run follows withdrawals.
type Withdrawals struct {
	withdraw.Config
	Archive  withdraw.Archive
	Lake     withdraw.Lake
	Lookback int // launch days that a nightly run looks at, before its last one
}
