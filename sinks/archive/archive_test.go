package archive

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

var unit = schema.Unit{Account: schema.Account{ID: "7113893944009705516", Root: true, Name: "某某餐饮"}, Day: 20777}

// Walks in the order in which they began.
const (
	walk1 = "01KAJA0000000000000000000A"
	walk2 = "01KAJB0000000000000000000B"
	walk3 = "01KAJC0000000000000000000C"
)

// page is the n-th answer of a walk of the unit.
func page(walk string, n int, body string) schema.Answer {
	return schema.Answer{
		Account: unit.Account.ID, Day: unit.Day, Walk: walk, Page: n, Cursor: fmt.Sprint("c", n),
		FetchedAt: time.Date(2026, 11, 21, 4, 0, n, 123456000, time.UTC), LogID: fmt.Sprint("logid-", n), Body: []byte(body),
	}
}

func encode(t testing.TB, a *Archive, answers ...schema.Answer) []byte {
	t.Helper()
	var data []byte
	for _, answer := range answers {
		line, err := a.Encode(nil, answer)
		if err != nil {
			t.Fatal(err)
		}
		data = append(data, line...)
	}
	return data
}

func appendBatch(t testing.TB, a *Archive, walk string, n int, answers ...schema.Answer) {
	t.Helper()
	if err := a.Append(t.Context(), unit, walk, n, encode(t, a, answers...)); err != nil {
		t.Fatal(err)
	}
}

// readAll returns a walk's answers up to the error, if there is one.
func readAll(t testing.TB, a *Archive, walk string) (answers []schema.Answer, err error) {
	t.Helper()
	for answer, err := range a.Answers(t.Context(), unit, walk) {
		if err != nil {
			return answers, err
		}
		answers = append(answers, answer)
	}
	return answers, nil
}

func put(t testing.TB, store object.Store, key string, data []byte) {
	t.Helper()
	if _, err := store.Put(t.Context(), key, strings.NewReader(string(data)), object.Always(), nil); err != nil {
		t.Fatal(err)
	}
}

func TestWalkInBatches(t *testing.T) {
	t.Parallel()
	a := New(objecttest.NewMem())
	want := []schema.Answer{page(walk1, 1, `{"a":1}`), page(walk1, 2, `{"a":2}`), page(walk1, 3, `[]`)}
	appendBatch(t, a, walk1, 1, want[:2]...)
	appendBatch(t, a, walk1, 2, want[2])
	got, err := readAll(t, a, walk1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		want[i].Key = New(nil).BatchKey(unit, walk1, 1+i/2)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers (-written +read):\n%s", diff)
	}
	// A reader may stop at any answer.
	for range a.Answers(t.Context(), unit, walk1) {
		break
	}
}

// TestUnit distinguishes what was certified, what was begun after it, and foreign files.
func TestUnit(t *testing.T) {
	t.Parallel()
	store := objecttest.NewMem()
	a := New(store)
	if c, begun, err := a.Unit(t.Context(), unit); c != nil || begun != nil || err != nil {
		t.Fatalf("an empty archive has %v, %v, %v", c, begun, err)
	}
	appendBatch(t, a, walk1, 1, page(walk1, 1, `{}`))
	appendBatch(t, a, walk1, 2, page(walk1, 2, `{}`))
	checkUnit(t, a, nil, schema.BegunWalk{Walk: walk1, Batches: 2})

	certificate := &schema.Certificate{
		Account: unit.Account, Day: unit.Day, State: schema.Complete, Walk: walk1, Agreed: []string{walk1},
		Pages: []schema.Link{{Cursor: "0", Next: "c2", Rows: 50, SHA256: "ab"}, {Cursor: "c2", Rows: 3, SHA256: "cd"}},
		End:   "has_more=false", Rows: 53, Bills: 52, Digest: "ef", FinishedAt: time.Date(2026, 11, 21, 4, 0, 0, 1000, time.UTC),
	}
	if err := a.Certify(t.Context(), certificate); err != nil {
		t.Fatal(err)
	}
	checkUnit(t, a, certificate)

	appendBatch(t, a, walk2, 1, page(walk2, 1, `{}`))
	appendBatch(t, a, walk3, 1, page(walk3, 1, `{}`))
	for _, foreign := range []string{"notes.json", "README.md", ".DS_Store", "zzzzzzzzzzzzzzzzzzzzzzzzzz.json", walk3 + "-1.jsonl.zst", walk3 + ".json.bak", "copy/" + walk3 + ".json", "copy/" + walk3 + "-00009.jsonl.zst", "x" + walk3 + ".json"} {
		put(t, store, accountIn(billsOf(unit.Day), unit.Account.ID)+foreign, []byte("somebody else's"))
	}
	checkUnit(t, a, certificate, schema.BegunWalk{Walk: walk2, Batches: 1}, schema.BegunWalk{Walk: walk3, Batches: 1})

	// A later certificate is kept under its latest walk, and takes the earlier one's place.
	confirmed := *certificate
	confirmed.Confirmed = &schema.Confirmation{Walk: walk2, At: certificate.FinishedAt}
	if err := a.Certify(t.Context(), &confirmed); err != nil {
		t.Fatal(err)
	}
	checkUnit(t, a, &confirmed, schema.BegunWalk{Walk: walk3, Batches: 1})
}

func checkUnit(t *testing.T, a *Archive, want *schema.Certificate, wantBegun ...schema.BegunWalk) {
	t.Helper()
	c, begun, err := a.Unit(t.Context(), unit)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("certificate (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wantBegun, begun, cmp.Transformer("len", func(b []schema.BegunWalk) map[string]int {
		batches := make(map[string]int)
		for _, w := range b {
			batches[w.Walk] = w.Batches
		}
		return batches
	})); diff != "" {
		t.Errorf("begun (-want +got):\n%s", diff)
	}
}

// TestUnitsApart: another day's or account's walks are not seen, even if one id begins with
// the other.
func TestUnitsApart(t *testing.T) {
	t.Parallel()
	a := New(objecttest.NewMem())
	other := schema.Unit{Account: schema.Account{ID: unit.Account.ID + "0"}, Day: unit.Day}
	tomorrow := schema.Unit{Account: unit.Account, Day: unit.Day + 1}
	for _, u := range []schema.Unit{other, tomorrow} {
		if err := a.Append(t.Context(), u, walk1, 1, encode(t, a, page(walk1, 1, `{}`))); err != nil {
			t.Fatal(err)
		}
	}
	checkUnit(t, a, nil)
}

func TestCertificateIsRefused(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"a newer version": `{"version":2}`, "no version": `{}`, "cut short": `{"version":1,`, "not JSON": "x", "empty": "",
	} {
		store := objecttest.NewMem()
		put(t, store, New(nil).CertificateKey(unit, walk1), []byte(content))
		_, _, err := New(store).Unit(t.Context(), unit)
		if err == nil || !strings.Contains(err.Error(), New(nil).CertificateKey(unit, walk1)) {
			t.Errorf("%s: %v, want an error that names the certificate", name, err)
		}
	}
}

// TestBatchIsWrittenOnce: a batch of another process is never replaced. A batch with our own
// bytes is a success.
func TestBatchIsWrittenOnce(t *testing.T) {
	t.Parallel()
	a := New(objecttest.NewMem())
	mine := encode(t, a, page(walk1, 1, `{"mine":1}`))
	for range 2 {
		if err := a.Append(t.Context(), unit, walk1, 1, mine); err != nil {
			t.Fatalf("the same bytes: %v", err)
		}
	}
	err := a.Append(t.Context(), unit, walk1, 1, encode(t, a, page(walk1, 1, `{"theirs":1}`)))
	if !errors.Is(err, object.ErrConflict) || !strings.Contains(err.Error(), New(nil).BatchKey(unit, walk1, 1)) {
		t.Errorf("other bytes: %v, want ErrConflict that names the batch", err)
	}
	got, err := readAll(t, a, walk1)
	if err != nil || len(got) != 1 || string(got[0].Body) != `{"mine":1}` {
		t.Errorf("the batch holds %v, %v", got, err)
	}
}

// TestLostAnswers writes to a store whose answers are lost, before and after the write took
// effect.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	unknown := fmt.Errorf("connection reset: %w", object.ErrUnknown)
	down := errors.New("the store is down")
	for _, row := range []struct {
		name   string
		faults faults
		want   error
		stored bool
	}{
		{"lost before", faults{{false, unknown}}, nil, true},
		{"lost after", faults{{true, unknown}}, nil, true},
		{"lost twice", faults{{false, unknown}, {true, unknown}}, nil, true},
		{"lost always, before", slices.Repeat(faults{{false, unknown}}, 50), object.ErrUnknown, false},
		{"lost always, after", slices.Repeat(faults{{true, unknown}}, 50), object.ErrUnknown, true},
		{"refused", faults{{false, down}}, down, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { lose(t, row.faults, row.want, row.stored) })
		})
	}
}

// lose appends a batch to a store with faults.
func lose(t *testing.T, left faults, want error, stored bool) {
	store := objecttest.NewMem()
	store.Fault = func(op objecttest.Op, _ string) (bool, error) {
		if op != objecttest.OpPut || len(left) == 0 {
			return false, nil
		}
		fault := left[0]
		left = left[1:]
		return fault.apply, fault.err
	}
	a := New(store)
	err := a.Append(t.Context(), unit, walk1, 1, encode(t, a, page(walk1, 1, `{}`)))
	if !errors.Is(err, want) {
		t.Errorf("%v, want %v", err, want)
	}
	left = nil // the store is back
	if _, err := store.Head(t.Context(), New(nil).BatchKey(unit, walk1, 1)); (err == nil) != stored {
		t.Errorf("stored: %v, want %v", err, stored)
	}
}

type faults = []struct {
	apply bool
	err   error
}

// TestStoreFails: an error of the store is returned, and does not look like the end of the
// answers.
func TestStoreFails(t *testing.T) {
	t.Parallel()
	store := objecttest.NewMem()
	a := New(store)
	appendBatch(t, a, walk1, 1, page(walk1, 1, `{}`))
	appendBatch(t, a, walk1, 2, page(walk1, 2, `{}`))
	put(t, store, New(nil).CertificateKey(unit, walk2), []byte(`{"version":1}`))
	for _, fault := range []struct {
		op  objecttest.Op
		key string
	}{{objecttest.OpList, accountIn(billsOf(unit.Day), unit.Account.ID)}, {objecttest.OpGet, New(nil).CertificateKey(unit, walk2)}, {objecttest.OpGet, New(nil).BatchKey(unit, walk1, 1)}, {objecttest.OpGet, New(nil).BatchKey(unit, walk1, 2)}} {
		store.Fault = func(op objecttest.Op, key string) (bool, error) {
			if op == fault.op && key == fault.key {
				return false, io.ErrNoProgress
			}
			return false, nil
		}
		_, _, unitErr := a.Unit(t.Context(), unit)
		_, walkErr := readAll(t, a, walk1)
		if !errors.Is(errors.Join(unitErr, walkErr), io.ErrNoProgress) {
			t.Errorf("%s %s fails unseen: %v, %v", fault.op, fault.key, unitErr, walkErr)
		}
	}
}
