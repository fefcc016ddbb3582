package lake

import (
	"context"
	"fmt"

	"billwalk/schema"
	"billwalk/sinks/parquet"
)

// ProveSettlements passes columns of the published settlements of a (day, bucket) to take,
// until that returns false. It compares the file with its manifest first, so that no
// damaged file is decoded, and returns what is wrong. If nothing is published there are no
// rows.
func (l *Lake) ProveSettlements(ctx context.Context, day schema.Day, bucket int, columns []string, take func(*schema.Settlement) bool) []schema.Finding {
	m, err := l.Manifest(ctx, day, bucket)
	if err != nil {
		return []schema.Finding{{Day: day, Bucket: bucket, Key: manifestKey(day, bucket), Got: err.Error(), Fix: fixManifest}}
	}
	if m == nil {
		return nil
	}
	o := m.Object(schema.Settlements.Name)
	if o == nil {
		return nil // a version without this table published the day
	}
	p := &proof{m: m, o: o, version: l.version}
	if want := dataKey(schema.Settlements.Name, day, bucket); m.Day != day || m.Bucket != bucket || p.o.Key != want {
		return []schema.Finding{{Day: day, Bucket: bucket, Key: manifestKey(day, bucket), Place: "objects", Want: want, Got: p.o.Key, Fix: fixManifest}}
	}
	l.proveColumns(ctx, p, columns, take)
	return p.findings
}

func (l *Lake) proveColumns(ctx context.Context, p *proof, columns []string, take func(*schema.Settlement) bool) {
	file, info, err := l.fetchInfo(ctx, p.o.Key)
	if err != nil {
		p.find("", "", err.Error(), fixData)
		return
	}
	defer file.Close()
	found, err := parquet.Digest(ctx, file)
	if err != nil || found.SHA256 != p.o.SHA256 {
		p.replaced(found, info, err)
		return
	}
	rows := int64(0)
	for s, err := range parquet.Read(schema.Settlements, file, columns...) {
		if err != nil {
			p.addReadError(rows+1, err)
			return
		}
		if rows++; !take(s) {
			return
		}
	}
	if rows != p.o.Rows {
		p.find("rows", fmt.Sprint(p.o.Rows), fmt.Sprint(rows), fixData)
	}
}
