package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func sealable() *Manifest {
	return &Manifest{
		Version: ManifestVersion, Day: 20777, Bucket: 2, Generation: 3, WriteID: "w", Job: "夜间<&>", PublishedAt: time.Unix(2, 0).UTC(),
		Objects: []Object{{Table: Bills.Name, Key: "k", Totals: Totals{Rows: 1, Fen: map[string]Sum{"pay_fen": {Fen: -5}, "goods_fen": {Nulls: 1}}}}},
		Units:   []Entry{{Account: Account{ID: "1", Name: "某某\u2028\"餐饮\""}, State: Complete, Certificate: &Certificate{Walk: "w"}}},
	}
}

// TestSeal: a sealed manifest is decoded as it was, and encodes to the same bytes every
// time.
func TestSeal(t *testing.T) {
	t.Parallel()
	m := sealable()
	data, err := m.Encode()
	if err != nil || len(m.Seal) != 64 {
		t.Fatalf("seal %q, %v", m.Seal, err)
	}
	got, err := DecodeManifest(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, got); diff != "" {
		t.Errorf("(-sealed +read):\n%s", diff)
	}
	again, err := got.Encode()
	if err != nil || !bytes.Equal(again, data) {
		t.Errorf("sealed again it is %s, %v\nwant %s", again, err, data)
	}
}

// TestSealDetectsEveryFlip flips each bit of a sealed manifest, also in white space: it is
// never decoded as a sealed one. A seal with another name does not count.
func TestSealDetectsEveryFlip(t *testing.T) {
	t.Parallel()
	data, err := sealable().Encode()
	if err != nil {
		t.Fatal(err)
	}
	for at := range data {
		for bit := range 8 {
			flipped := bytes.Clone(data)
			flipped[at] ^= 1 << bit
			m, err := DecodeManifest(flipped)
			inName := at >= bytes.LastIndex(data, []byte(`"seal"`))
			if err == nil && (m.Seal != "" || !inName) {
				t.Fatalf("bit %d of byte %d (%q): read as sealed", bit, at, data[at])
			}
		}
	}
	for _, cut := range []int{0, 1, len(data) / 2, len(data) - 1} {
		if _, err := DecodeManifest(data[:cut]); !errors.Is(err, ErrManifest) {
			t.Errorf("the first %d bytes: %v", cut, err)
		}
	}
	if _, err := DecodeManifest(append(data, '\n')); !errors.Is(err, ErrManifest) {
		t.Errorf("a line more: %v", err)
	}
}

// TestSealIndented: a manifest of version 1, which has many lines, is decoded; not if a byte of it is
// another one.
func TestSealIndented(t *testing.T) {
	t.Parallel()
	m := sealable()
	line, err := m.Encode()
	if err != nil || bytes.Count(line, []byte("\n")) != 1 {
		t.Fatalf("%v; want one line: %s", err, line)
	}
	first := strings.NewReplacer(m.Seal, "", `"version":2`, `"version":1`).Replace(string(line))
	var indented bytes.Buffer
	if err := json.Indent(&indented, []byte(first), "", "  "); err != nil {
		t.Fatal(err)
	}
	seal := HashOf(indented.Bytes())
	data := strings.Replace(indented.String(), sealIndented.start, sealIndented.start+seal, 1)
	m.Version, m.Seal = 1, seal
	got, err := DecodeManifest([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, got); diff != "" {
		t.Errorf("(-sealed +read):\n%s", diff)
	}
	if _, err := DecodeManifest([]byte(strings.Replace(data, `"generation": 3`, `"generation": 4`, 1))); !errors.Is(err, ErrManifest) {
		t.Errorf("another generation: %v", err)
	}
}

// TestUnsealed: a manifest of an older billwalk, without a seal, is decoded.
func TestUnsealed(t *testing.T) {
	t.Parallel()
	m, err := DecodeManifest([]byte(`{"version": 1, "bill_date": "2026-11-20", "units": []}`))
	if err != nil || m.Seal != "" || m.Day != 20777 {
		t.Errorf("%+v, %v", m, err)
	}
}

// TestManifestOfAnotherVersion: a manifest may have unknown keys and lack known ones; its
// seal is still valid.
func TestManifestOfAnotherVersion(t *testing.T) {
	t.Parallel()
	m := &Manifest{Version: ManifestVersion, Generation: 7, Objects: []Object{{Table: "bills", Rows: 3, Totals: Totals{Rows: 3}}}}
	data, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(data), m.Seal, "", 1)
	text = strings.Replace(text, `"rows":3`, `"added_later": [1, {"a": null}], "rows":3`, 1)
	text = strings.Replace(text, `"generation":7`, `"added_later": {"rows": "x"}, "generation":7`, 1)
	later := strings.Replace(text, sealOnLine.start, sealOnLine.start+HashOf([]byte(text)), 1)
	got, err := DecodeManifest([]byte(later))
	if err != nil || got.Generation != 7 || got.Objects[0].Rows != 3 || !strings.Contains(later, "added_later") {
		t.Errorf("keys of a later version: %+v, %v", got, err)
	}
	if _, err := DecodeManifest([]byte(strings.Replace(later, `"rows": "x"`, `"rows": "y"`, 1))); !errors.Is(err, ErrManifest) {
		t.Errorf("one of those keys is changed: %v", err)
	}
	if got, err = DecodeManifest([]byte(`{"version": 1, "generation": 7, "objects": [{"table": "bills", "totals": {"rows": 2}}]}`)); err != nil || got.Generation != 7 {
		t.Errorf("keys that an earlier version lacks: %+v, %v", got, err)
	} else if sum := got.Objects[0].Totals.Sum("pay_fen"); sum != (Sum{Nulls: 2}) {
		t.Errorf("a column that its totals do not know has %+v", sum)
	}
}
