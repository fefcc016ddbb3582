package truth

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/cli"
	"billwalk/schema"
	"billwalk/sinks/parquet"
)

// TestVerifySwappedPages: two pages of a walk change places, and two answers of the
// settle query say what the other said; whoever did it has stored the hashes of
// what is there now.
func TestVerifySwappedPages(t *testing.T) {
	t.Parallel()
	l := newProvenLake(t, billwalktest.FolderLake(t), 8, 3, 120)
	swapped := 0
	for _, key := range l.keys {
		if shelfOf(key) != "archive/bills.zst" {
			continue
		}
		lines := bytes.SplitAfter(inflated(t, l.bodies[key]), []byte("\n"))
		if len(lines) < 3 { // the last is empty
			continue
		}
		swapped++
		lines[0], lines[1] = lines[1], lines[0]
		store := overlay{bodies: make(map[string][]byte), meta: make(map[string]map[string]string)}
		store.forge(key, deflated(t, bytes.Join(lines, nil)))
		l.mustFind(t, "swapped two pages of "+key, store, key)
	}
	if swapped == 0 {
		t.Error("no walk has two pages")
	}
}

// forge replaces an object of the archive, and the hash that was stored with it.
func (o overlay) forge(key string, body []byte) {
	sum := sha256.Sum256(body)
	o.bodies[key], o.meta[key] = body, map[string]string{"sha256": hex.EncodeToString(sum[:])}
}

func inflated(t *testing.T, body []byte) []byte {
	t.Helper()
	dec, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	out, err := dec.DecodeAll(body, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func deflated(t *testing.T, body []byte) []byte {
	t.Helper()
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return enc.EncodeAll(body, nil)
}

// TestVerifyForger: a forger changes one row of a table, and with it every hash,
// sum and seal that the manifest has of it; the archive tells all the same, and
// verify names the row.
func TestVerifyForger(t *testing.T) {
	t.Parallel()
	l := newProvenLake(t, billwalktest.FolderLake(t), 9, 5, 12)
	tried := make(map[string]int)
	for _, key := range l.keys {
		if shelfOf(key) != "_manifests" || strings.HasSuffix(key, "lake.json") {
			continue
		}
		for _, f := range []forged{
			forgery(t, l, key, schema.Bills, "a bill's goods", "row ", func(b *schema.Bill) { b.Amounts[schema.Goods].V++ }),
			forgery(t, l, key, schema.Bills, "a bill's order", "row ", func(b *schema.Bill) { b.ShopOrderID = schema.Some("another") }),
			forgery(t, l, key, schema.Bills, "a bill's id", "row ", func(b *schema.Bill) { b.LedgerID += "0" }),
			forgery(t, l, key, schema.Bills, "an absent amount made 0", "row ", func(b *schema.Bill) {
				for a := range b.Amounts {
					b.Amounts[a].Valid = true
				}
			}),
			forgery(t, l, key, schema.Bills, "a bill that does not count", "row ", func(b *schema.Bill) { b.Counted = schema.Some(false) }),
			forgery(t, l, key, schema.Bills, "a bill that may count", "row ", func(b *schema.Bill) { b.Counted = schema.Null[bool]{} }),
			forgery(t, l, key, schema.Bills, "a bill of no group", "row ", func(b *schema.Bill) { b.GroupKey = schema.Null[string]{} }),
			forgery(t, l, key, schema.Bills, "a bill of another group", "group_key", func(b *schema.Bill) { b.GroupKey.V += "1" }),
			forgery(t, l, key, schema.Settlements, "a settlement's rake, taken from its commission", "row ", func(s *schema.Settlement) { s.Rake.V++; s.Commission.V-- }),
			forgery(t, l, key, schema.Settlements, "a settlement's status", "row ", func(s *schema.Settlement) { s.Status = "DONE" }),
			forgery(t, l, key, schema.Reconciliations, "a group's bills", "", func(r *schema.Reconciliation) { r.BillRows++ }),
			forgery(t, l, key, schema.Reconciliations, "a group's fees", "", func(r *schema.Reconciliation) {
				r.Billed[schema.LegFee] = schema.Some(r.Billed[schema.LegFee].V + 1)
			}),
			forgery(t, l, key, schema.Exceptions, "an exception's rule", "rule original_identity", func(e *schema.Exception) { e.Rule = schema.RuleOriginal }),
		} {
			if f.row == 0 {
				continue // there is none to change
			}
			tried[f.what]++
			var data string
			for k := range f.store.bodies {
				if k != key {
					data = k
				}
			}
			findings := l.mustFind(t, f.what+" in "+data, f.store, data)
			place := f.place
			if place == "row " {
				place = fmt.Sprintf("row %d, ", f.row)
			}
			if !slices.ContainsFunc(findings, func(found schema.Finding) bool { return found.Key == data && strings.HasPrefix(found.Place, place) }) {
				t.Errorf("%s: no finding names %q in %s:\n%s", f.what, place, data, billwalktest.FindingLines(findings))
			}
		}
	}
	if len(tried) < 10 {
		t.Errorf("forged only %v", tried)
	}
}

// TestVerifyNewerRule: a day whose commissions add up by a rule of the future is
// not proven, and verify says why.
func TestVerifyNewerRule(t *testing.T) {
	t.Parallel()
	l := newProvenLake(t, billwalktest.FolderLake(t), 9, 2, 3)
	i := slices.IndexFunc(l.keys, func(key string) bool { return shelfOf(key) == "_manifests" && !strings.HasSuffix(key, "lake.json") })
	m, err := schema.DecodeManifest(l.bodies[l.keys[i]])
	if err != nil {
		t.Fatal(err)
	}
	m.Commissions = schema.CommissionRule + 1
	sealed, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	findings := l.mustFind(t, "a newer rule", overlay{bodies: map[string][]byte{l.keys[i]: sealed}}, l.keys[i])
	if !slices.ContainsFunc(findings, func(f schema.Finding) bool {
		return f.Place == "commission_rule" && strings.Contains(f.Got, "newer billwalk")
	}) {
		t.Errorf("no finding on the rule:\n%s", billwalktest.FindingLines(findings))
	}
}

// forged is a lake with one row changed, and what verify has to name.
type forged struct {
	what  string
	place string // in the table's object; "row " is that row
	store overlay
	row   int // the first that the change changes; 0 where it changes none
}

// forgery is a lake in which one row of a table is another, consistently.
func forgery[R any](t *testing.T, l *provenLake, manifest string, table schema.Table[R], what, place string, change func(*R)) forged {
	t.Helper()
	f := forged{what: what, place: place}
	m, err := schema.DecodeManifest(l.bodies[manifest])
	if err != nil {
		t.Fatal(err)
	}
	o := &m.Objects[slices.IndexFunc(m.Objects, func(o schema.Object) bool { return o.Table == table.Name })]
	w := parquet.NewWriter(table, cli.Version(), func() (*os.File, error) { return os.CreateTemp(t.TempDir(), "") })
	defer w.Close()
	n := 0
	for row, err := range parquet.Read(table, bytes.NewReader(l.bodies[o.Key])) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		if was := *row; f.row == 0 {
			if change(row); !reflect.DeepEqual(*row, was) {
				f.row = n
			}
		}
		if err := w.Append(row); err != nil {
			t.Fatal(err)
		}
	}
	file, err := w.Finish(parquet.Stamp{Generation: m.Generation, WriteID: m.WriteID})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(file.Body())
	if err != nil {
		t.Fatal(err)
	}
	o.Bytes, o.SHA256, o.RowsSHA256, o.Totals = file.Bytes, file.SHA256, file.RowsSHA256, file.Totals
	sealed, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	f.store = overlay{bodies: map[string][]byte{o.Key: body, manifest: sealed}}
	return f
}
