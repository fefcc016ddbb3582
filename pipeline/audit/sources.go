package audit

import (
	"context"

	"billwalk/schema"
)

// Archive has the platform's answers. A method that reads a damaged object returns what
// can be read and an error. Methods are called concurrently.
type Archive interface {
	BillArchive
	SettlementArchive
	CallbackArchive
	StoreArchive
	WithdrawalArchive
}

// BillArchive has the walks of units.
type BillArchive interface {
	// BillSeries lists the walks of a day.
	BillSeries(ctx context.Context, day schema.Day) ([]schema.Series, error)
	walkArchive
}

// walkArchive has the walks of one kind of list.
type walkArchive interface {
	// ProvePages reads a batch, line by line from 1.
	ProvePages(ctx context.Context, key string, take func(line int, answer schema.Answer)) error
	// ProveCertificate reads the record that a walk is complete.
	ProveCertificate(ctx context.Context, key string) (*schema.Certificate, error)
	// BatchKey and CertificateKey return the keys of objects.
	BatchKey(u schema.Unit, walk string, n int) string
	CertificateKey(u schema.Unit, walk string) string
}

// WithdrawalArchive has the walks over the withdrawals that payees launched on a day, and over
// the bills of each.
type WithdrawalArchive interface {
	// WithdrawalSeries and WithdrawnBillSeries list the walks of a day.
	WithdrawalSeries(ctx context.Context, day schema.Day) ([]schema.Series, error)
	WithdrawnBillSeries(ctx context.Context, day schema.Day) ([]schema.Series, error)
	// WithdrawalBatchKey and WithdrawalCertificateKey return the keys of objects: of a walk over
	// the bills of a withdrawal, or over withdrawals where no id of one is given.
	WithdrawalBatchKey(u schema.Unit, withdrawID, walk string, n int) string
	WithdrawalCertificateKey(u schema.Unit, withdrawID, walk string) string
}

// SettlementArchive has the answers of the settle query.
type SettlementArchive interface {
	// SettlementSeries lists the settle passes of a day.
	SettlementSeries(ctx context.Context, day schema.Day) ([]schema.Series, error)
	// ProveSettlements reads a batch, line by line from 1.
	ProveSettlements(ctx context.Context, key string, take func(line int, answer schema.SettleAnswer)) error
	// ProvePass reads the record that a pass is complete.
	ProvePass(ctx context.Context, key string) (*schema.SettlePass, error)
	// SettleBatchKey returns the key of a batch.
	SettleBatchKey(u schema.Unit, pass string, n int) string
}

// CallbackArchive has the settle callbacks.
type CallbackArchive interface {
	// CallbackSeries lists the batches of callbacks received on a day, and those that
	// went to quarantine.
	CallbackSeries(ctx context.Context, received schema.Day) (read, quarantined []schema.Series, err error)
	// ProveCallbacks reads a batch, line by line from 1.
	ProveCallbacks(ctx context.Context, key string, take func(line int, c schema.Callback)) error
}

// Lake has the published tables. Methods are called concurrently.
type Lake interface {
	// Published returns the day's manifests, by bucket, and findings on them and on
	// objects that should not be there.
	Published(ctx context.Context, day schema.Day) ([]*schema.Manifest, []schema.Finding, error)
	// ProveRows compares the data objects with their manifest, and passes the rows of
	// those that agree to take, until take returns an error.
	ProveRows(ctx context.Context, m *schema.Manifest, take func(schema.Row) error) []schema.Finding
	// ManifestKey returns the key of a manifest.
	ManifestKey(day schema.Day, bucket int) string
	// PublishedDays returns the days with manifests, ascending.
	PublishedDays(ctx context.Context) ([]schema.Day, error)
	// ProveSettlements compares the settlements of a (day, bucket) with their manifest,
	// and passes columns of the rows to take, until it returns false.
	ProveSettlements(ctx context.Context, day schema.Day, bucket int, columns []string, take func(*schema.Settlement) bool) []schema.Finding
	// ProveBills is ProveSettlements for bills.
	ProveBills(ctx context.Context, day schema.Day, bucket int, columns []string, take func(*schema.Bill) bool) []schema.Finding
	// ProveWithdrawnBills is ProveSettlements for the bills of withdrawals.
	ProveWithdrawnBills(ctx context.Context, day schema.Day, bucket int, columns []string, take func(*schema.WithdrawnBill) bool) []schema.Finding
}
