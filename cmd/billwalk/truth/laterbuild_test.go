package truth

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/schema"
)

// laterEdits make the later version: what is put behind a piece of a source file.
var laterEdits = map[string][2]string{
	"schema/bill.go":                {"type Bill struct {\n", "\tAddedLater Null[string]\n"},
	"schema/settlement.go":          {"type Settlement struct {\n", "\tAddedLater Null[string]\n\tAddedFen Null[Fen]\n"},
	"schema/reconciliation.go":      {"type Reconciliation struct {\n", "\tAddedLater Null[string]\n"},
	"schema/exception.go":           {"type Exception struct {\n", "\tAddedLater Null[string]\n"},
	"schema/restatement.go":         {"type Restatement struct {\n", "\tAddedLater Null[string]\n"},
	"pipeline/normalise/bill.go":    {"\tb.BizType, _ = w.BizType.int32()\n", "\tb.AddedLater = schema.Later()\n"},
	"pipeline/normalise/columns.go": {"\tto.Bills.Rows += rows\n", laterColumn},
	"schema/added_later_later.go":   {"", laterSource},
}

// laterColumn fills the column of records that are scanned.
const laterColumn = `	if v := schema.Later(); v.Valid {
		columns[billColumn("added_later")].RepeatText([]byte(v.V), rows)
	} else {
		columns[billColumn("added_later")].RepeatNull(rows)
	}
`

// laterSource adds the columns: to bills in the table's middle, and one of money, too.
const laterSource = `package schema

import (
	"os"
	"slices"
)

func init() {
	c := Column{Name: "added_later", Label: "后加", Doc: "added by a later version"}
	Bills.Fields = slices.Insert(Bills.Fields, 7, nullable(text, c, func(b *Bill) *Null[string] { return &b.AddedLater }))
	Settlements.Fields = append(Settlements.Fields, nullable(text, c, func(s *Settlement) *Null[string] { return &s.AddedLater }),
		fen(Column{Name: "added_fen", Label: "后加金额", Doc: "added by a later version"}, func(s *Settlement) *Null[Fen] { return &s.AddedFen }))
	Reconciliations.Fields = append(Reconciliations.Fields, nullable(text, c, func(r *Reconciliation) *Null[string] { return &r.AddedLater }))
	Exceptions.Fields = append(Exceptions.Fields, nullable(text, c, func(e *Exception) *Null[string] { return &e.AddedLater }))
	Restatements.Fields = append(Restatements.Fields, nullable(text, c, func(r *Restatement) *Null[string] { return &r.AddedLater }))
}

// Later is the value of the column in new bills.
func Later() Null[string] {
	v := os.Getenv("BILLWALK_ADDED_LATER")
	return Null[string]{V: v, Valid: v != ""}
}
`

func isLater() bool { return schema.Bills.Column(addedColumn) != nil }

// buildLater builds the tests of this package as those of the later version.
func buildLater(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	replace := make(map[string]string)
	for name, edit := range laterEdits {
		path, err := filepath.Abs(filepath.Join("../../..", name))
		if err != nil {
			t.Fatal(err)
		}
		text := edit[1]
		if edit[0] != "" {
			before, after, found := strings.Cut(billwalktest.ReadFile(t, path), edit[0])
			if !found {
				t.Fatalf("%s has no %q any more", name, edit[0])
			}
			text = before + edit[0] + edit[1] + after
		}
		replace[path] = filepath.Join(folder, strings.ReplaceAll(name, "/", "-"))
		if err := os.WriteFile(replace[path], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	overlay, binary := filepath.Join(folder, "overlay.json"), filepath.Join(folder, "later.test")
	if err := os.WriteFile(overlay, list, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "go", "test", "-c", "-overlay", overlay, "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("building the later version: %v\n%s", err, out)
	}
	return binary
}
