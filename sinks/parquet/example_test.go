package parquet_test

import (
	"fmt"
	"os"
	"time"

	"billwalk/schema"
	"billwalk/sinks/parquet"
)

// A writer takes rows of one table. The finished file has their totals and hashes, and is
// read by column.
func Example() {
	create := func() (*os.File, error) {
		file, err := os.CreateTemp("", "billwalk-example-*.parquet")
		if err != nil {
			return nil, err
		}
		return file, os.Remove(file.Name()) // the open file is enough
	}
	w := parquet.NewWriter(schema.Restatements, "v1.0.0", create)
	defer w.Close()
	for i := range 3 {
		row := schema.Restatement{Change: schema.Changed, DiffTotal: schema.Some(schema.Fen(-100 * i)), RestatedAt: time.Unix(1, 0).UTC()}
		row.LedgerID = fmt.Sprint("bill ", i)
		if err := w.Append(&row); err != nil {
			fmt.Println(err)
			return
		}
	}
	file, err := w.Finish(parquet.Stamp{Generation: 1, WriteID: "01JD0000000000000000000000"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(file.Totals.Rows, file.Totals.Sum("diff_total_fen").Fen.Yuan())
	for row, err := range parquet.Read(schema.Restatements, file.Body(), "ledger_id") {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(row.LedgerID)
	}
	// Output:
	// 3 -3.00
	// bill 0
	// bill 1
	// bill 2
}
