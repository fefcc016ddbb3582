package lake

import (
	"context"
	"fmt"
	"os"

	"billwalk/schema"
	"billwalk/sinks/parquet"
)

// ProveSettlements passes columns of the published settlements of a (day, bucket) to take,
// until that returns false. It compares the file with its manifest first, so that no
// damaged file is decoded, and returns what is wrong. If nothing is published there are no
// rows.
func (l *Lake) ProveSettlements(ctx context.Context, day schema.Day, bucket int, columns []string, take func(*schema.Settlement) bool) []schema.Finding {
	return proveColumns(ctx, l, day, bucket, schema.Settlements, columns, take)
}

// ProveBills is ProveSettlements for bills.
func (l *Lake) ProveBills(ctx context.Context, day schema.Day, bucket int, columns []string, take func(*schema.Bill) bool) []schema.Finding {
	return proveColumns(ctx, l, day, bucket, schema.Bills, columns, take)
}

// ProveWithdrawnBills is ProveSettlements for the bills of withdrawals.
func (l *Lake) ProveWithdrawnBills(ctx context.Context, day schema.Day, bucket int, columns []string, take func(*schema.WithdrawnBill) bool) []schema.Finding {
	return proveColumns(ctx, l, day, bucket, schema.WithdrawnBills, columns, take)
}

func proveColumns[R any](ctx context.Context, l *Lake, day schema.Day, bucket int, table schema.Table[R], columns []string, take func(*R) bool) []schema.Finding {
	m, err := l.Manifest(ctx, day, bucket)
	if err != nil {
		return []schema.Finding{{Day: day, Bucket: bucket, Key: schema.ManifestKey(day, bucket), Got: err.Error(), Fix: fixManifest}}
	}
	if m == nil {
		return nil
	}
	o := m.Object(table.Name)
	if o == nil {
		return nil // a version without this table published the day, or it is an optional one
	}
	p := &proof{m: m, o: o, version: l.version}
	if want := dataKey(table.Name, day, bucket); m.Day != day || m.Bucket != bucket || p.o.Key != want {
		return []schema.Finding{{Day: day, Bucket: bucket, Key: schema.ManifestKey(day, bucket), Place: "objects", Want: want, Got: p.o.Key, Fix: fixManifest}}
	}
	file, info, err := l.fetchInfo(ctx, p.o.Key)
	if err != nil {
		p.find("", "", err.Error(), fixData)
		return p.findings
	}
	defer file.Close()
	found, err := parquet.Digest(ctx, file)
	if err != nil || found.SHA256 != p.o.SHA256 {
		p.replaced(found, info, err)
		return p.findings
	}
	readColumns(p, file, table, columns, take)
	return p.findings
}

func readColumns[R any](p *proof, file *os.File, table schema.Table[R], columns []string, take func(*R) bool) {
	rows := int64(0)
	for row, err := range parquet.Read(table, file, columns...) {
		if err != nil {
			p.addReadError(rows+1, err)
			return
		}
		if rows++; !take(row) {
			return
		}
	}
	if rows != p.o.Rows {
		p.find("rows", fmt.Sprint(p.o.Rows), fmt.Sprint(rows), fixData)
	}
}
