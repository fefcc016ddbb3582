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

// What follows reads the archive to prove it: every object by itself, held
// against the hash that was stored with it. A build never asks for so much.

// FiledBills lists what is filed under the day's bills, by account and walk.
func (a *Archive) FiledBills(ctx context.Context, day schema.Day) ([]schema.Filed, error) {
	return a.filed(ctx, billsOf(day))
}

// FiledSettlements lists what is filed under the day's settlements, by account
// and pass.
func (a *Archive) FiledSettlements(ctx context.Context, day schema.Day) ([]schema.Filed, error) {
	return a.filed(ctx, settlementsOf(day))
}

// FiledCallbacks lists the batches of callbacks that were received on the day, and
// apart from them those in quarantine.
func (a *Archive) FiledCallbacks(ctx context.Context, received schema.Day) (read, quarantined []schema.Filed, err error) {
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
		*list = append(*list, schema.Filed{Name: batch, Batches: []string{info.Key}, Bytes: info.Size})
	}
	return read, quarantined, nil
}

// filed lists what is stored below the folder of a day's bills or settlements.
func (a *Archive) filed(ctx context.Context, day string) ([]schema.Filed, error) {
	var all []schema.Filed
	for info, err := range a.store.List(ctx, day) {
		if err != nil {
			return nil, err
		}
		m, ok := parseUnitKey(day, info.Key)
		if !ok {
			continue
		}
		if n := len(all); n == 0 || all[n-1].Account != m.account || all[n-1].Name != m.name {
			all = append(all, schema.Filed{Account: m.account, Name: m.name})
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

// BatchKey returns where batch n (from 1) of a walk lies.
func (*Archive) BatchKey(u schema.Unit, walk string, n int) string {
	return billsBatchKey(u, walk, n)
}

// CertificateKey returns where the certificate of a walk lies.
func (*Archive) CertificateKey(u schema.Unit, walk string) string { return certificateKey(u, walk) }

// SettleBatchKey returns where batch n (from 1) of a pass lies.
func (*Archive) SettleBatchKey(u schema.Unit, pass string, n int) string {
	return settlementsBatchKey(u, pass, n)
}

// sound reads an object whole. Where its bytes are not those that were stored
// there are none; where that cannot be told, the error is schema.ErrUnhashed.
func (a *Archive) sound(ctx context.Context, key string) ([]byte, error) {
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

// ProvePages reads a batch of a walk, line by line from 1, and holds it against
// its hash. What is wrong with the object is the error, after the lines that can
// be read: those are all of them where it is schema.ErrUnhashed.
func (a *Archive) ProvePages(ctx context.Context, key string, take func(line int, answer schema.Answer)) error {
	return a.proveLines(ctx, key, func(n int, line []byte) error {
		answer, err := parse(line)
		if err == nil {
			answer.Key = key
			take(n, answer)
		}
		return err
	})
}

// ProveSettlements reads a batch of a pass, likewise.
func (a *Archive) ProveSettlements(ctx context.Context, key string, take func(line int, answer schema.SettleAnswer)) error {
	return a.proveLines(ctx, key, func(n int, line []byte) error {
		var answer schema.SettleAnswer
		err := readLine(line, &answer)
		if err == nil {
			answer.Key = key
			take(n, answer)
		}
		return err
	})
}

// ProveCallbacks reads a batch of callbacks, likewise.
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
	data, err := a.sound(ctx, key)
	if data == nil {
		return err
	}
	n := 0
	for line, fault := range lines(ctx, bytes.NewReader(data)) {
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

// ProveCertificate reads a certificate and holds it against its hash. Beside an
// error it is nil, unless the hash alone is missing.
func (a *Archive) ProveCertificate(ctx context.Context, key string) (*schema.Certificate, error) {
	c := new(schema.Certificate)
	unhashed, err := a.proveJSON(ctx, key, certificateVersion, c)
	if err != nil {
		return nil, err
	}
	return c, unhashed
}

// ProvePass reads the end of a pass, likewise.
func (a *Archive) ProvePass(ctx context.Context, key string) (*schema.SettlePass, error) {
	p := new(schema.SettlePass)
	unhashed, err := a.proveJSON(ctx, key, passVersion, p)
	if err != nil {
		return nil, err
	}
	return p, unhashed
}

// proveJSON reads an object into a value; unhashed says that it is not proven.
func (a *Archive) proveJSON(ctx context.Context, key string, version int, into any) (unhashed, err error) {
	data, err := a.sound(ctx, key)
	if data == nil {
		return nil, err
	}
	if err := errors.Join(schema.CheckLists(data), schema.CheckVersion(data, version)); err != nil {
		return nil, err
	}
	return err, json.Unmarshal(data, into)
}
