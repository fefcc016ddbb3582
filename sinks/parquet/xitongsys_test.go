package parquet

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
)

// found is what the independent reader, the module sinks/parquet/xitongsys, prints of a
// file.
type found struct {
	Rows    int64              `json:"rows"`
	Columns []string           `json:"columns"`
	Footer  map[string]string  `json:"footer"`
	Fen     map[string]sum     `json:"fen"`
	First   map[string]*string `json:"first"`
	Last    map[string]*string `json:"last"`
}

type sum struct {
	Fen   int64 `json:"sum,string"`
	Nulls int64 `json:"nulls,string"`
}

// checkIndependently reads the file by a library that shares no code with the one that wrote
// it.
func checkIndependently(t *testing.T, reader string, written File, rows int) {
	t.Helper()
	got := readWith(t, reader, written.file.Name())
	var columns []string
	for _, c := range schema.Bills.Columns() {
		columns = append(columns, c.Name)
	}
	equal(t, "columns", got.Columns, columns)
	equal(t, "rows", got.Rows, int64(rows))
	equal(t, "footer", got.Footer, map[string]string{GenerationKey: fmt.Sprint(stamp.Generation), WriteIDKey: stamp.WriteID})
	checkSums(t, got, written, rows)
	if rows > 0 {
		checkRow(t, "first", got.First, billAt(0))
		checkRow(t, "last", got.Last, billAt(rows-1))
	}
}

// checkSums adds up the money again, and compares it with the reader's sums and the writer's
// totals.
func checkSums(t *testing.T, got found, written File, rows int) {
	t.Helper()
	want := make(map[string]sum)
	for a := range schema.AmountCount {
		want[a.Column()] = sum{}
	}
	for i := range rows {
		for a, fen := range billAt(i).Amounts {
			column := schema.Amount(a).Column()
			s := want[column]
			if fen.Valid {
				s.Fen += int64(fen.V)
			} else {
				s.Nulls++
			}
			want[column] = s
		}
	}
	equal(t, "sums", got.Fen, want)
	for column, s := range written.Totals.Fen {
		equal(t, "total of "+column, sum{int64(s.Fen), s.Nulls}, want[column])
	}
}

func checkRow(t *testing.T, which string, got map[string]*string, want schema.Bill) {
	t.Helper()
	for column, value := range map[string]schema.Null[string]{
		"account_id":      schema.Some(want.AccountID),
		"ledger_id":       schema.Some(want.LedgerID),
		"shop_order_id":   want.ShopOrderID,
		"sku_id":          want.SkuID,
		"group_name":      want.GroupName,
		"archive_key":     schema.Some(want.ArchiveKey),
		"settle_type":     schema.Some(fmt.Sprint(want.SettleType)),
		"direction":       {V: fmt.Sprint(want.Direction.V), Valid: want.Direction.Valid},
		"settle_time":     {V: fmt.Sprint(want.SettleTime.V.UnixMicro()), Valid: want.SettleTime.Valid},
		"fund_amount_fen": {V: fmt.Sprint(want.Amounts[schema.FundAmount].V), Valid: want.Amounts[schema.FundAmount].Valid},
	} {
		var text *string
		if value.Valid {
			text = &value.V
		}
		equal(t, which+" row's "+column, got[column], text)
	}
}

func equal[V any](t *testing.T, what string, got, want V) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// buildReader builds the module; the go command caches the result.
func buildReader(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "reader")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".")
	build.Dir = "xitongsys"
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the independent reader in sinks/parquet/xitongsys: %v\n%s\nIts modules have to be downloaded once: check the network and GOPROXY.", err, output)
	}
	return binary
}

func readWith(t *testing.T, reader, path string) found {
	t.Helper()
	var errors strings.Builder
	command := exec.CommandContext(t.Context(), reader, path)
	command.Stderr = &errors
	output, err := command.Output()
	if err != nil {
		t.Fatalf("the independent reader cannot read the file: %v\n%s", err, &errors)
	}
	var f found
	if err := json.Unmarshal(output, &f); err != nil {
		t.Fatalf("read what the independent reader prints: %v\n%.300s", err, output)
	}
	return f
}
