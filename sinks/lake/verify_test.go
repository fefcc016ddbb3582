package lake

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// found is the place of a finding.
type found struct {
	Bucket     int
	Key, Place string
}

// proveAll verifies what is published of the day, and returns the findings and the number of
// rows that were passed on.
func proveAll(t *testing.T, l *Lake) (all []found, rows int) {
	t.Helper()
	manifests, findings, err := l.Published(t.Context(), day)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range manifests {
		findings = append(findings, l.ProveRows(t.Context(), m, func(schema.Row) error { rows++; return nil })...)
	}
	for _, f := range findings {
		if f.Day != day || f.Got == "" || f.Fix == "" {
			t.Errorf("%+v does not say what is wrong, or what to do", f)
		}
		all = append(all, found{f.Bucket, f.Key, f.Place})
	}
	return all, rows
}

// replace replaces an object, with its present metadata if meta is nil.
func (r *recording) replace(t *testing.T, key string, body []byte, meta map[string]string) {
	t.Helper()
	if info, err := r.Head(t.Context(), key); meta == nil && err == nil {
		meta = info.Meta
	}
	if _, err := r.Put(t.Context(), key, bytes.NewReader(body), object.Always(), meta); err != nil {
		t.Fatal(err)
	}
}

// TestProve: a published day has no findings, and every row is passed on. What is changed
// then, by hand or by an unfinished publication, is found in its place.
func TestProve(t *testing.T) {
	t.Parallel()
	const rows = 4*3 + 4
	for _, test := range []struct {
		name   string
		change func(t *testing.T, store *recording, l *Lake)
		want   []found
		rows   int
	}{
		{"nothing", func(*testing.T, *recording, *Lake) {}, nil, rows},
		{"something else below a table", func(t *testing.T, store *recording, _ *Lake) {
			store.replace(t, "bills/bill_date=2026-11-20/notes.txt", nil, nil)
			store.replace(t, "bills/bill_date=2026-11-20/bucket-004.parquet", nil, nil)
		}, []found{{0, "bills/bill_date=2026-11-20/bucket-004.parquet", ""}, {0, "bills/bill_date=2026-11-20/notes.txt", ""}}, rows},
		{"a file without a manifest", func(t *testing.T, store *recording, _ *Lake) {
			store.replace(t, "bills/bill_date=2026-11-20/bucket-003.parquet", nil, nil)
		}, []found{{3, "bills/bill_date=2026-11-20/bucket-003.parquet", ""}}, rows},
		{"a publication cut after the bills", func(t *testing.T, store *recording, l *Lake) {
			cut := errors.New("killed")
			store.fault = func(op objecttest.Op, key string) (bool, error) {
				if op == objecttest.OpPut && strings.HasPrefix(key, "settlements/") {
					return false, cut
				}
				return true, nil
			}
			if _, err := publish(t, l, baseOf(t, l), 5); !errors.Is(err, cut) {
				t.Fatal(err)
			}
		}, []found{{2, restatementsKey, ""}, {2, billsKey, ""}}, rows - 2*3},
		{"the same bytes again, by hand", func(t *testing.T, store *recording, _ *Lake) {
			store.replace(t, billsKey, store.get(t, billsKey), map[string]string{"x": "y"})
		}, []found{{2, billsKey, "etag"}, {2, billsKey, "metadata"}}, rows},
		{"a cut file", func(t *testing.T, store *recording, _ *Lake) {
			store.replace(t, billsKey, store.get(t, billsKey)[:5], nil)
		}, []found{{2, billsKey, ""}}, rows - 3},
		{"a manifest in another's place", func(t *testing.T, store *recording, _ *Lake) {
			store.replace(t, "_manifests/bill_date=2026-11-20/bucket-001.json", store.get(t, manifestOf), nil)
		}, []found{{1, "_manifests/bill_date=2026-11-20/bucket-001.json", "bill_date, bucket"}}, rows},
		{"a manifest without a seal", func(t *testing.T, store *recording, _ *Lake) {
			data := store.get(t, manifestOf)
			at := bytes.LastIndex(data, []byte(`,"seal"`))
			store.replace(t, manifestOf, append(data[:at:at], "}\n"...), nil)
		}, []found{{2, manifestOf, "seal"}}, rows},
		{"a manifest without an optional table that has a file", func(t *testing.T, store *recording, _ *Lake) {
			m, err := schema.DecodeManifest(store.get(t, manifestOf))
			if err != nil {
				t.Fatal(err)
			}
			m.Objects = m.Objects[:len(tables)-1]
			data, err := m.Encode()
			if err != nil {
				t.Fatal(err)
			}
			store.replace(t, manifestOf, data, nil)
		}, []found{{2, withdrawnBillsKey, ""}}, rows - 1},
		{"a manifest that names other objects", func(t *testing.T, store *recording, _ *Lake) {
			m, err := schema.DecodeManifest(store.get(t, manifestOf))
			if err != nil {
				t.Fatal(err)
			}
			m.Objects = m.Objects[1:]
			data, err := m.Encode()
			if err != nil {
				t.Fatal(err)
			}
			store.replace(t, manifestOf, data, nil)
		}, []found{{2, manifestOf, "objects"}}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			store := newRecording()
			l := open(t, store)
			if _, err := publish(t, l, baseOf(t, l), 3); err != nil {
				t.Fatal(err)
			}
			test.change(t, store, l)
			store.fault = nil
			toVerify := ToVerify(store, 4, "v1.2.3")
			toVerify.tmp = t.TempDir()
			got, n := proveAll(t, toVerify)
			if diff := cmp.Diff(test.want, got); diff != "" || n != test.rows {
				t.Errorf("%d rows, want %d; findings (-want +got):\n%s", n, test.rows, diff)
			}
		})
	}
}

// TestProveSettings: the lake's settings are exactly the expected ones.
func TestProveSettings(t *testing.T) {
	t.Parallel()
	store := newRecording()
	if f := ToVerify(store, 4, "v1.2.3").ProveSettings(t.Context()); f != nil {
		t.Errorf("a lake in which nothing is: %+v", f)
	}
	l := open(t, store)
	if _, err := publish(t, l, baseOf(t, l), 1); err != nil {
		t.Fatal(err)
	}
	if f := ToVerify(store, 4, "v1.2.3").ProveSettings(t.Context()); f != nil {
		t.Errorf("the lake's own number: %+v", f)
	}
	if f := ToVerify(store, 5, "v1.2.3").ProveSettings(t.Context()); len(f) != 1 || f[0].Key != settingsKey {
		t.Errorf("another number: %+v", f)
	}
	store.replace(t, settingsKey, append(store.get(t, settingsKey), ' '), nil)
	if f := ToVerify(store, 4, "v1.2.3").ProveSettings(t.Context()); len(f) != 1 {
		t.Errorf("a blank more: %+v", f)
	}
}

// TestProveSettlements: the named columns are passed on, and nothing of a file that differs
// from its manifest.
func TestProveSettlements(t *testing.T) {
	t.Parallel()
	const settlementsKey, rows = "settlements/bill_date=2026-11-20/bucket-002.parquet", 3
	for _, test := range []struct {
		name   string
		change func(t *testing.T, store *recording)
		of     schema.Day
		want   []found
		rows   int
	}{
		{"nothing", func(*testing.T, *recording) {}, day, nil, rows},
		{"a day that is not published", func(*testing.T, *recording) {}, day + 1, nil, 0},
		{"bills are another matter", func(t *testing.T, store *recording) { store.replace(t, billsKey, nil, nil) }, day, nil, rows},
		{"a cut file", func(t *testing.T, store *recording) {
			body := store.content(t)[settlementsKey]
			store.replace(t, settlementsKey, []byte(body[:len(body)-9]), nil)
		}, day, []found{{2, settlementsKey, ""}}, 0},
		{"a damaged manifest", func(t *testing.T, store *recording) {
			store.replace(t, "_manifests/bill_date=2026-11-20/bucket-002.json", []byte("{}"), nil)
		}, day, []found{{2, "_manifests/bill_date=2026-11-20/bucket-002.json", ""}}, 0},
		{"the manifest of another day", func(t *testing.T, store *recording) {
			store.replace(t, "_manifests/bill_date=2026-11-21/bucket-002.json", []byte(store.content(t)["_manifests/bill_date=2026-11-20/bucket-002.json"]), nil)
		}, day + 1, []found{{2, "_manifests/bill_date=2026-11-21/bucket-002.json", "objects"}}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			store := newRecording()
			l := open(t, store)
			if _, err := publish(t, l, baseOf(t, l), rows); err != nil {
				t.Fatal(err)
			}
			test.change(t, store)
			var got []found
			var ids []string
			for _, f := range l.ProveSettlements(t.Context(), test.of, 2, []string{"settle_id"}, func(s *schema.Settlement) bool {
				if ids = append(ids, s.SettleID); s.Amount.Valid {
					t.Errorf("%+v: want settle_id alone", s)
				}
				return true
			}) {
				got = append(got, found{f.Bucket, f.Key, f.Place})
			}
			if diff := cmp.Diff(test.want, got); diff != "" || len(ids) != test.rows {
				t.Errorf("%q were handed over, want %d; findings (-want +got):\n%s", ids, test.rows, diff)
			}
		})
	}
}
