package archive

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/go-json-experiment/json"

	"billwalk/schema"
)

// Walks are the walks of one kind of list, with their certificates.
type Walks struct {
	archive *Archive
	folder  string // of all days, such as archive/bills/
	below   string // folder below that of an account, or ""
}

// Withdrawals returns the walks of the lists of withdrawals. The day of a unit is the one on
// which they were launched.
func (a *Archive) Withdrawals() Walks { return Walks{archive: a, folder: withdrawalsFolder} }

// WithdrawnBills returns the walks of the bills of one withdrawal, whose id must be a plain
// one: see schema.PlainID. The unit is that of the withdrawal.
func (a *Archive) WithdrawnBills(withdrawID string) Walks {
	return Walks{archive: a, folder: withdrawnBillsFolder, below: "withdrawal=" + withdrawID + "/"}
}

// in returns the folder of the unit's walks.
func (w Walks) in(u schema.Unit) string {
	return accountIn(fmt.Sprintf("%sbill_date=%s/", w.folder, u.Day), u.Account.ID) + w.below
}

// BatchKey returns the key of batch n (from 1) of a walk.
func (w Walks) BatchKey(u schema.Unit, walk string, n int) string { return batchIn(w.in(u), walk, n) }

// CertificateKey returns the key of a walk's certificate.
func (w Walks) CertificateKey(u schema.Unit, walk string) string { return endIn(w.in(u), walk) }

// Encode is that of the archive.
func (w Walks) Encode(to []byte, answer schema.Answer) ([]byte, error) {
	return w.archive.Encode(to, answer)
}

// Append stores encoded answers as batch n (from 1) of a walk. A batch is written once: if
// another process has written it with other content, the error is schema.ErrTaken.
func (w Walks) Append(ctx context.Context, u schema.Unit, walk string, n int, answers []byte) error {
	return w.archive.create(ctx, w.BatchKey(u, walk, n), answers)
}

// Certify stores the certificate under its latest walk.
func (w Walks) Certify(ctx context.Context, c *schema.Certificate) error {
	c.Version = certificateVersion
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return w.archive.create(ctx, w.CertificateKey(c.Unit(), c.Latest().Walk), data)
}

// Unit returns the unit's latest certificate, or nil, and the walks that were begun after
// it, oldest first. If the certificate cannot be read, the error is schema.ErrDamaged, and
// only the walk of the certificate is set.
func (w Walks) Unit(ctx context.Context, u schema.Unit) (*schema.Certificate, []schema.BegunWalk, error) {
	var certified string
	var begun []schema.BegunWalk
	folder := w.in(u)
	for info, err := range w.archive.store.List(ctx, folder) {
		if err != nil {
			return nil, nil, err
		}
		m, ok := parseWalkKey(folder, info.Key)
		if !ok {
			continue
		}
		if m.end {
			certified = max(certified, m.name)
			continue
		}
		if len(begun) == 0 || begun[len(begun)-1].Walk != m.name {
			begun = append(begun, schema.BegunWalk{Walk: m.name})
		}
		begun[len(begun)-1].Batches = m.batch
	}
	for len(begun) > 0 && begun[0].Walk <= certified {
		begun = begun[1:]
	}
	if certified == "" {
		return nil, begun, nil
	}
	c, err := w.archive.certificate(ctx, endIn(folder, certified))
	if errors.Is(err, schema.ErrDamaged) {
		c = &schema.Certificate{Walk: certified}
	}
	return c, begun, err
}

// Answers yields the answers of a walk in the order of its pages. A batch that is missing
// or damaged ends them with an error that names the object.
func (w Walks) Answers(ctx context.Context, u schema.Unit, walk string) iter.Seq2[schema.Answer, error] {
	return w.archive.answers(ctx, func(n int) string { return w.BatchKey(u, walk, n) })
}
