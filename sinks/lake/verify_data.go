package lake

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"billwalk/schema"
	"billwalk/sinks/object"
	"billwalk/sinks/parquet"
)

// ProveRows compares each data object of a manifest with what the manifest says of it,
// and passes the rows of those that agree to take, until its first error. It returns
// what is wrong.
func (l *Lake) ProveRows(ctx context.Context, m *schema.Manifest, take func(schema.Row) error) (findings []schema.Finding) {
	for i := range m.Objects {
		if table, ok := schema.TableByName(m.Objects[i].Table); ok {
			findings = append(findings, l.prove(ctx, m, &m.Objects[i], table, take)...)
		}
	}
	return findings
}

// proof is the verification of one data object.
type proof struct {
	m        *schema.Manifest
	o        *schema.Object
	version  string // of this billwalk
	findings []schema.Finding
}

func (p *proof) find(place, want, got, fix string) {
	p.findings = append(p.findings, schema.Finding{Day: p.m.Day, Bucket: p.m.Bucket, Key: p.o.Key, Place: place, Want: want, Got: got, Fix: fix})
}

func (l *Lake) prove(ctx context.Context, m *schema.Manifest, o *schema.Object, table schema.AnyTable, take func(schema.Row) error) []schema.Finding {
	p := &proof{m: m, o: o, version: l.version}
	file, info, err := l.fetchInfo(ctx, o.Key)
	if err != nil {
		p.find("", "", err.Error(), fixData)
		return p.findings
	}
	defer file.Close()
	if p.bytes(ctx, file, info) {
		p.rows(ctx, table, file, take)
	}
	return p.findings
}

// bytes checks the object without its rows. It reports whether the object is the one that
// the manifest names, so that its rows can be read.
func (p *proof) bytes(ctx context.Context, file *os.File, info object.Info) (ours bool) {
	found, err := parquet.Digest(ctx, file)
	if err != nil || found.SHA256 != p.o.SHA256 {
		p.replaced(found, info, err)
		return false
	}
	stamp, err := parquet.ReadStamp(file)
	if err != nil {
		p.find("footer", "", err.Error(), fixData)
		return false
	}
	want := stampOf(p.m.Stamp(p.o))
	for _, check := range []struct{ place, want, got string }{
		{"size", strconv.FormatInt(p.o.Bytes, 10), strconv.FormatInt(found.Bytes, 10)},
		{"rows_sha256", p.o.RowsSHA256, found.RowsSHA256},
		{"etag", p.o.ETag, info.ETag},
		{"metadata", want, metaStamp(info)},
		{"footer", want, stampOf(stamp.Generation, stamp.WriteID)},
	} {
		if check.got != check.want {
			p.find(check.place, check.want, check.got, fixData)
		}
	}
	return true
}

// replaced adds the finding for an object with other bytes than the manifest's: a newer
// one, whose own manifest was never published, or a damaged one.
func (p *proof) replaced(found parquet.File, info object.Info, digestErr error) {
	generation, err := strconv.ParseInt(info.Meta[generationMeta], 10, 64)
	switch {
	case err == nil && info.Meta[writeIDMeta] != p.m.WriteID && generation > p.m.Generation:
		p.find("", stampOf(p.m.Generation, p.m.WriteID), metaStamp(info)+", which no manifest names", fixHalf)
	case digestErr != nil:
		p.find("", "SHA-256 "+p.o.SHA256, digestErr.Error(), fixData)
	case found.RowsSHA256 == p.o.RowsSHA256:
		p.find("footer", p.o.SHA256, found.SHA256, fixData)
	default:
		p.find("", "SHA-256 "+p.o.SHA256, "SHA-256 "+found.SHA256, fixData)
	}
}

// addReadError adds the finding for a row that cannot be read, or for columns of another
// version.
func (p *proof) addReadError(row int64, err error) {
	var other *parquet.ColumnError
	if errors.As(err, &other) {
		p.find("column "+other.Column, "", err.Error()+", and this is billwalk "+p.version, fixVersion)
		return
	}
	p.find(fmt.Sprintf("row %d", row), "", err.Error(), fixData)
}

// rows passes the rows to take, and compares their totals with the manifest's.
func (p *proof) rows(ctx context.Context, table schema.AnyTable, file *os.File, take func(schema.Row) error) {
	sums, n := table.Adder(), int64(0)
	for row, err := range parquet.ReadRows(table, file) {
		err = cmp.Or(err, ctx.Err())
		if err == nil {
			err = sums.Add(row)
		}
		if err != nil {
			p.addReadError(n+1, err)
			return
		}
		n++
		if err := take(row.(schema.Row)); err != nil {
			p.find(fmt.Sprintf("row %d", n), "", err.Error(), fixData)
			return
		}
	}
	totals := sums.Totals()
	if totals.Rows != p.o.Rows || totals.Rows != p.o.Totals.Rows {
		p.find("rows", fmt.Sprintf("%d (%d in totals)", p.o.Rows, p.o.Totals.Rows), strconv.FormatInt(totals.Rows, 10), fixData)
	}
	description := table.Describe()
	for _, c := range description.Columns {
		if want, got := p.o.Totals.Sum(c.Name), totals.Sum(c.Name); want != got && c.Unit == "fen" {
			p.find(c.Name, sumText(want), sumText(got), fixData)
		}
	}
	for name := range p.o.Totals.Fen {
		if description.Column(name) == nil {
			p.find(name, sumText(p.o.Totals.Fen[name]), "no such column", fixManifest)
		}
	}
}

func sumText(s schema.Sum) string { return fmt.Sprintf("%d fen, %d NULL", s.Fen, s.Nulls) }
