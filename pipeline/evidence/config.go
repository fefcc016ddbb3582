package evidence

import (
	"context"
	"iter"
	"log/slog"
	"time"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// Archive keeps the raw answers and callbacks.
type Archive interface {
	// Settlements reads what is filed under the day, of the accounts that are wanted: nil
	// wants all. The body of an answer is good until answer returns. Where some of it cannot
	// be read, the rest is, and the error says what.
	Settlements(ctx context.Context, day schema.Day, wanted func(schema.AccountID) bool, answer func(schema.SettleAnswer), pass func(schema.SettlePass)) error
	// FirstReceived returns the first day on which settle callbacks were received; ok
	// is false where none ever were.
	FirstReceived(ctx context.Context) (day schema.Day, ok bool, err error)
	// Callbacks reads the settle callbacks that were received on a day. Where
	// some of them are damaged, the rest is read, and the error is
	// schema.ErrDamaged.
	Callbacks(ctx context.Context, received schema.Day, take func(schema.Callback)) error
}

// Lake has the published tables.
type Lake interface {
	// Manifest reads a manifest, or nil where nothing is published.
	Manifest(ctx context.Context, day schema.Day, bucket int) (*schema.Manifest, error)
	// Settlements reads columns of the published settlements. A settlement yielded is
	// good until the next.
	Settlements(ctx context.Context, day schema.Day, bucket int, columns ...string) iter.Seq2[*schema.Settlement, error]
}

// readsAtATime is how many reads of the archive or the lake run side by side.
const readsAtATime = 16

// Config says of what there is evidence, and where it lies.
type Config struct {
	Archive Archive
	Lake    Lake
	Bills   ReadPartition // the bills that the run has staged, else those that are published
	Rules   *reconcile.Rules
	AppIDs  schema.AppIDs // whose callbacks count
	Buckets int           // of the lake
	Days    []schema.Day  // that the run builds
	Replay  bool          // nothing can be queried: what the archive cannot give is an error
	Now     func() time.Time
	Log     *slog.Logger

	// Wanted reports whether the archived answers of an account serve the run; nil wants
	// all. What it says may change before Reload.
	Wanted func(schema.AccountID) bool
}
