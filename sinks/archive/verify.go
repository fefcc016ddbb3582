package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"billwalk/schema"
	"billwalk/sinks/object"
)

// Verification compares every object with the hash that was stored with it. A build does
// not.

// BillSeries lists what is stored under the day's bills, by account and walk.
func (a *Archive) BillSeries(ctx context.Context, day schema.Day) ([]schema.Series, error) {
	return a.listSeries(ctx, billsOf(day))
}

// SettlementSeries lists what is stored under the day's settlements, by account and pass.
func (a *Archive) SettlementSeries(ctx context.Context, day schema.Day) ([]schema.Series, error) {
	return a.listSeries(ctx, settlementsOf(day))
}

// StoreSeries lists what is stored of the stores that were listed for the day, by account and
// walk.
func (a *Archive) StoreSeries(ctx context.Context, day schema.Day) ([]schema.Series, error) {
	return a.listSeries(ctx, storesOf(day))
}

// WithdrawalSeries lists what is stored of the withdrawals that were launched on the day, by
// account and walk.
func (a *Archive) WithdrawalSeries(ctx context.Context, day schema.Day) ([]schema.Series, error) {
	return a.listSeries(ctx, withdrawalsOf(day))
}

// WithdrawnBillSeries lists what is stored of the bills of these withdrawals, by account,
// withdrawal and walk.
func (a *Archive) WithdrawnBillSeries(ctx context.Context, day schema.Day) ([]schema.Series, error) {
	return a.listSeries(ctx, withdrawnBillsOf(day))
}

// WithdrawalBatchKey returns the key of batch n (from 1) of a walk over the bills of a
// withdrawal, or over the unit's withdrawals where no id of one is given.
func (a *Archive) WithdrawalBatchKey(u schema.Unit, withdrawID, walk string, n int) string {
	return a.withdrawalWalks(withdrawID).BatchKey(u, walk, n)
}

// WithdrawalCertificateKey is WithdrawalBatchKey for the walk's certificate.
func (a *Archive) WithdrawalCertificateKey(u schema.Unit, withdrawID, walk string) string {
	return a.withdrawalWalks(withdrawID).CertificateKey(u, walk)
}

func (a *Archive) withdrawalWalks(withdrawID string) Walks {
	if withdrawID == "" {
		return a.Withdrawals()
	}
	return a.WithdrawnBills(withdrawID)
}

// CallbackSeries lists the batches of callbacks that were received on the day, and
// separately those in quarantine.
func (a *Archive) CallbackSeries(ctx context.Context, received schema.Day) (read, quarantined []schema.Series, err error) {
	for info, err := range a.store.List(ctx, callbacksOf(received)) {
		if err != nil {
			return nil, nil, err
		}
		batch, quarantine, ok := parseCallbacksKey(received, info.Key)
		if !ok {
			continue
		}
		list := &read
		if quarantine {
			list = &quarantined
		}
		*list = append(*list, schema.Series{Name: batch, Batches: []string{info.Key}, Bytes: info.Size})
	}
	return read, quarantined, nil
}

// listSeries lists what is stored below the folder of a day's bills, settlements, stores,
// withdrawals or withdrawn bills.
func (a *Archive) listSeries(ctx context.Context, day string) ([]schema.Series, error) {
	var all []schema.Series
	for info, err := range a.store.List(ctx, day) {
		if err != nil {
			return nil, err
		}
		m, ok := parseUnitKey(day, info.Key)
		if !ok {
			continue
		}
		if n := len(all); n == 0 || all[n-1].Account != m.account || all[n-1].WithdrawID != m.withdrawID || all[n-1].Name != m.name {
			all = append(all, schema.Series{Account: m.account, WithdrawID: m.withdrawID, Name: m.name})
		}
		f := &all[len(all)-1]
		f.Bytes += info.Size
		if m.end {
			f.Certificate = info.Key
			continue
		}
		for len(f.Batches) < m.batch-1 {
			f.Batches = append(f.Batches, "")
		}
		f.Batches = append(f.Batches, info.Key)
	}
	return all, nil
}

// SettleBatchKey returns the key of batch n (from 1) of a pass.
func (*Archive) SettleBatchKey(u schema.Unit, pass string, n int) string {
	return settlementsBatchKey(u, pass, n)
}

// readHashed reads an object and compares it with the stored hash. If they differ it
// returns no data; if there is no hash it returns the data and schema.ErrUnhashed.
func (a *Archive) readHashed(ctx context.Context, key string) ([]byte, error) {
	data, info, err := object.ReadAll(ctx, a.store, key)
	if err != nil {
		return nil, err
	}
	switch stored := info.Meta[hashMeta]; stored {
	case "":
		return data, fmt.Errorf("%w (its bytes have SHA-256 %s)", schema.ErrUnhashed, schema.HashOf(data))
	case schema.HashOf(data):
		return data, nil
	default:
		return nil, fmt.Errorf("its bytes have SHA-256 %s, stored were those of %s", schema.HashOf(data), stored)
	}
}

// ProvePages passes the answers of a batch of a walk to take, with the number of the line
// from 1, and compares the batch with its hash. It returns what is wrong with the object,
// after the lines that can be read. If that is schema.ErrUnhashed, all lines were read. The body
// of an answer is good until the function returns.
func (a *Archive) ProvePages(ctx context.Context, key string, take func(line int, answer schema.Answer)) error {
	return a.proveLines(ctx, key, func(n int, line []byte) error {
		answer, err := parseAnswer(line)
		if err == nil {
			answer.Key = key
			take(n, answer)
		}
		return err
	})
}

// ProveSettlements is ProvePages for a batch of a pass. Whether a body is JSON sees who decodes
// it.
func (a *Archive) ProveSettlements(ctx context.Context, key string, take func(line int, answer schema.SettleAnswer)) error {
	var lines settleLines
	return a.proveLines(ctx, key, func(n int, line []byte) error {
		answer, err := lines.parse(line)
		if err == nil {
			answer.Key = key
			take(n, answer)
		}
		return err
	})
}

// ProveCallbacks is ProvePages for a batch of callbacks.
func (a *Archive) ProveCallbacks(ctx context.Context, key string, take func(line int, c schema.Callback)) error {
	return a.proveLines(ctx, key, func(n int, line []byte) error {
		c, err := parseCallback(line)
		if err == nil {
			c.Key = key
			take(n, c)
		}
		return err
	})
}

func (a *Archive) proveLines(ctx context.Context, key string, take func(n int, line []byte) error) error {
	data, err := a.readHashed(ctx, key)
	if data == nil {
		return err
	}
	n := 0
	for line, fault := range a.lines(ctx, bytes.NewReader(data)) {
		n++
		if fault == nil {
			fault = take(n, line)
		}
		if fault != nil {
			return fmt.Errorf("line %d: %w", n, fault)
		}
	}
	if n == 0 {
		return errors.New("it has no line")
	}
	return err
}

// ProveCertificate reads a certificate and compares it with its hash. With an error it
// returns nil, unless the error is schema.ErrUnhashed.
func (a *Archive) ProveCertificate(ctx context.Context, key string) (*schema.Certificate, error) {
	c := new(schema.Certificate)
	unhashed, err := a.proveJSON(ctx, key, certificateVersion, c)
	if err != nil {
		return nil, err
	}
	return c, unhashed
}

// ProvePass is ProveCertificate for the end of a pass.
func (a *Archive) ProvePass(ctx context.Context, key string) (*schema.SettlePass, error) {
	p := new(schema.SettlePass)
	unhashed, err := a.proveJSON(ctx, key, passVersion, p)
	if err != nil {
		return nil, err
	}
	return p, unhashed
}

// ProveListing is ProveCertificate for a list of stores.
func (a *Archive) ProveListing(ctx context.Context, key string) (*schema.Listing, error) {
	l := new(schema.Listing)
	unhashed, err := a.proveJSON(ctx, key, listingVersion, l)
	if err != nil {
		return nil, err
	}
	return l, unhashed
}

// proveJSON decodes an object into a value. It returns schema.ErrUnhashed by itself,
// because the value is good then.
func (a *Archive) proveJSON(ctx context.Context, key string, version int, into any) (unhashed, err error) {
	data, err := a.readHashed(ctx, key)
	if data == nil {
		return nil, err
	}
	if err := errors.Join(schema.CheckLists(data), schema.CheckVersion(data, version)); err != nil {
		return nil, err
	}
	return err, json.Unmarshal(data, into)
}
