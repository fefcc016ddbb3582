package audit

import (
	"context"

	"billwalk/schema"
)

// Archive has the platform's answers. A method that reads a damaged object returns what
// can be read and an error. Methods are called concurrently.
type Archive interface {
	// BillSeries and SettlementSeries list the walks and the settle passes of a day.
	BillSeries(ctx context.Context, day schema.Day) ([]schema.Series, error)
	SettlementSeries(ctx context.Context, day schema.Day) ([]schema.Series, error)
	// CallbackSeries lists the batches of callbacks received on a day, and those that
	// went to quarantine.
	CallbackSeries(ctx context.Context, received schema.Day) (read, quarantined []schema.Series, err error)
	// ProvePages, ProveSettlements and ProveCallbacks read a batch, line by line from 1.
	ProvePages(ctx context.Context, key string, take func(line int, answer schema.Answer)) error
	ProveSettlements(ctx context.Context, key string, take func(line int, answer schema.SettleAnswer)) error
	ProveCallbacks(ctx context.Context, key string, take func(line int, c schema.Callback)) error
	// ProveCertificate and ProvePass read the record that a walk, or a pass, is complete.
	ProveCertificate(ctx context.Context, key string) (*schema.Certificate, error)
	ProvePass(ctx context.Context, key string) (*schema.SettlePass, error)
	// BatchKey, CertificateKey and SettleBatchKey return the keys of objects.
	BatchKey(u schema.Unit, walk string, n int) string
	CertificateKey(u schema.Unit, walk string) string
	SettleBatchKey(u schema.Unit, pass string, n int) string
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
}
