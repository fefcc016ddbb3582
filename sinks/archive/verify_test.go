package archive

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// TestSeries lists walks and passes by account, with the batches that are missing.
func TestSeries(t *testing.T) {
	t.Parallel()
	store := objecttest.NewMem()
	a := New(store)
	other := schema.Unit{Account: schema.Account{ID: "8"}, Day: unit.Day}
	for _, n := range []int{1, 2, 4} {
		appendBatch(t, a, walk1, n, page(walk1, n, `{}`))
	}
	if err := a.Certify(t.Context(), &schema.Certificate{Account: unit.Account, Day: unit.Day, Walk: walk2}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.AppendSettlements(t.Context(), other, walk3, 1, []byte("{}\n")); err != nil {
		t.Fatal(err)
	}
	for _, foreign := range []string{"notes.txt", "account=x/" + walk1 + ".json", "account=1/" + walk1 + "-1.jsonl.zst"} {
		put(t, store, "archive/bills/bill_date=2026-11-20/"+foreign, []byte("x"))
	}
	got, err := a.BillSeries(t.Context(), unit.Day)
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		if got[i].Bytes <= 0 {
			t.Errorf("%+v has no bytes", got[i])
		}
		got[i].Bytes = 0
	}
	want := []schema.Series{
		{Account: unit.Account.ID, Name: walk1, Batches: []string{a.BatchKey(unit, walk1, 1), a.BatchKey(unit, walk1, 2), "", a.BatchKey(unit, walk1, 4)}},
		{Account: unit.Account.ID, Name: walk2, Certificate: a.CertificateKey(unit, walk2)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("bills (-want +got):\n%s", diff)
	}
	if n := got[0].Objects() + got[1].Objects(); n != 4 {
		t.Errorf("%d objects, want 4", n)
	}
	got, err = a.SettlementSeries(t.Context(), unit.Day)
	if err != nil || len(got) != 1 || got[0].Batches[0] != a.SettleBatchKey(other, walk3, 1) {
		t.Errorf("settlements: %+v, %v", got, err)
	}
}

// TestProve: every object is compared with the hash that was stored with it. An object
// without one is read, and returned as unproven.
func TestProve(t *testing.T) {
	t.Parallel()
	store := objecttest.NewMem()
	a := New(store)
	key := a.BatchKey(unit, walk1, 1)
	read := func() (lines []int, err error) {
		err = a.ProvePages(t.Context(), key, func(line int, answer schema.Answer) {
			if answer.Page != line || answer.Key != key {
				t.Errorf("line %d is page %d of %s", line, answer.Page, answer.Key)
			}
			lines = append(lines, line)
		})
		return lines, err
	}
	if _, err := read(); !errors.Is(err, object.ErrNotFound) {
		t.Errorf("no object: %v", err)
	}
	data := encode(t, a, page(walk1, 1, `{"a":1}`), page(walk1, 2, `{"b":2}`))
	if err := a.Append(t.Context(), unit, walk1, 1, data); err != nil {
		t.Fatal(err)
	}
	if lines, err := read(); err != nil || len(lines) != 2 {
		t.Errorf("sound: lines %v, %v", lines, err)
	}
	for _, bad := range []struct {
		name, want string
		data       []byte
		meta       map[string]string
		lines      int
	}{
		{"other bytes", "its bytes have SHA-256", append(data, 0), map[string]string{hashMeta: schema.HashOf(data)}, 0},
		{"no hash", "no SHA-256 was stored", data, nil, 2},
		{"a line that is none", "line 2: ", append(encode(t, a, page(walk1, 1, `1`)), encoder.EncodeAll([]byte("x\n"), nil)...), nil, 1},
		{"no line", "it has no line", nil, map[string]string{hashMeta: schema.HashOf(nil)}, 0},
	} {
		if _, err := store.Put(t.Context(), key, strings.NewReader(string(bad.data)), object.Always(), bad.meta); err != nil {
			t.Fatal(err)
		}
		lines, err := read()
		if err == nil || !strings.Contains(err.Error(), bad.want) || len(lines) != bad.lines {
			t.Errorf("%s: lines %v, %v", bad.name, lines, err)
		}
		if unhashed := bad.name == "no hash"; errors.Is(err, schema.ErrUnhashed) != unhashed {
			t.Errorf("%s: unhashed is not %t: %v", bad.name, unhashed, err)
		}
	}
}

// TestProveCertificate is TestProve for certificates and the ends of passes.
func TestProveCertificate(t *testing.T) {
	t.Parallel()
	store := objecttest.NewMem()
	a := New(store)
	c := &schema.Certificate{Account: unit.Account, Day: unit.Day, Walk: walk1}
	p := &schema.SettlePass{Account: unit.Account, Day: unit.Day, Pass: walk1}
	if err := errors.Join(a.Certify(t.Context(), c), a.CertifySettlements(t.Context(), p)); err != nil {
		t.Fatal(err)
	}
	passKey := strings.TrimSuffix(a.SettleBatchKey(unit, walk1, 1), "-00001.jsonl.zst") + ".json"
	for key, prove := range map[string]func(key string) (any, bool, error){
		a.CertificateKey(unit, walk1): func(key string) (any, bool, error) {
			got, err := a.ProveCertificate(t.Context(), key)
			return got, got != nil, err
		},
		passKey: func(key string) (any, bool, error) {
			got, err := a.ProvePass(t.Context(), key)
			return got, got != nil, err
		},
	} {
		if got, there, err := prove(key); err != nil || !there {
			t.Errorf("%s: %v, %v", key, got, err)
		}
		data, info, err := object.ReadAll(t.Context(), store, key)
		if err != nil {
			t.Fatal(err)
		}
		newer := strings.Replace(string(data), `"version":1`, `"version":2`, 1)
		for _, bad := range []struct {
			body  string
			meta  map[string]string
			want  string
			there bool
		}{
			{newer, info.Meta, "its bytes have SHA-256", false},
			{newer, map[string]string{hashMeta: schema.HashOf([]byte(newer))}, "version 2", false},
			{"[]", map[string]string{hashMeta: schema.HashOf([]byte("[]"))}, "", false},
			{string(data), nil, "no SHA-256 was stored", true},
		} {
			if _, err := store.Put(t.Context(), key, strings.NewReader(bad.body), object.Always(), bad.meta); err != nil {
				t.Fatal(err)
			}
			got, there, err := prove(key)
			if err == nil || !strings.Contains(err.Error(), bad.want) || there != bad.there {
				t.Errorf("%s: %s", key, fmt.Sprint(got, there, err))
			}
		}
	}
}
