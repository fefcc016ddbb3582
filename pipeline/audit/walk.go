package audit

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"billwalk/schema"
)

// walk is one archived walk over a list's pages.
type walk struct {
	unit    *listed
	name    string
	pages   []schema.Link
	keys    []string // of the batch that holds each page
	rows    int64
	bills   int64
	digest  string
	next    string // cursor of the next page
	done    bool   // it has the last page
	refused bool   // it ended with the answer that the bills were withdrawn
	broken  bool   // there is a finding on it

	contents  [][sha256.Size]byte
	published bool
}

// proveWalk reads all batches of a walk and checks the chain of its pages.
func (u *listed) proveWalk(ctx context.Context, archive walkArchive, f *schema.Series) *walk {
	w := &walk{unit: u, name: f.Name, next: "0"}
	if c := u.copied; c != nil && c.Walk == f.Name {
		w.published, w.contents = true, make([][sha256.Size]byte, 0, c.Rows)
	}
	for i, key := range f.Batches {
		if key == "" {
			w.wrong(archive.BatchKey(u.Unit, f.Name, i+1), "", "", "the batch is missing, and later ones are there")
			break // the chain ends here
		}
		err := archive.ProvePages(ctx, key, func(line int, answer schema.Answer) { w.checkAnswer(line, &answer) })
		switch {
		case errors.Is(err, schema.ErrUnhashed):
			u.find(key, "", "", err.Error(), fixUnhashed)
		case err != nil:
			w.wrong(key, "", "", err.Error())
		}
	}
	w.finish()
	return w
}

func (w *walk) wrong(key, place, want, got string) {
	w.broken = true
	w.unit.find(key, place, want, got, fixArchive)
}

// checkAnswer checks an answer as the walk's next page.
func (w *walk) checkAnswer(line int, a *schema.Answer) {
	if w.broken && len(w.pages)+1 != a.Page {
		return // a finding says that pages are missing
	}
	place := fmt.Sprintf("line %d, page %d", line, a.Page)
	want := fmt.Sprintf("account %s, bill_date %s, walk %s, page %d at cursor %q", w.unit.Account.ID, w.unit.Day, w.name, len(w.pages)+1, w.next)
	got := fmt.Sprintf("account %s, bill_date %s, walk %s, page %d at cursor %q", a.Account, a.Day, a.Walk, a.Page, a.Cursor)
	if got != want || w.done || w.refused {
		if w.done || w.refused {
			want = "no page after the last"
		}
		w.wrong(a.Key, place, want, got)
		return
	}
	p, err := w.unit.list.page(a.Body)
	if no, ok := errors.AsType[*refusal](err); ok {
		w.checkRefusal(a, place, no)
		return
	}
	if err != nil {
		w.wrong(a.Key, place, "", "the answer is not a page: "+err.Error())
		return
	}
	hash := sha256.Sum256(a.Body)
	link := schema.Link{Cursor: a.Cursor, Rows: len(p.records), SHA256: hex.EncodeToString(hash[:])}
	if p.more {
		link.Next = p.cursor
	}
	w.pages, w.keys = append(w.pages, link), append(w.keys, a.Key)
	w.next, w.done, w.rows = link.Next, !p.more, w.rows+int64(len(p.records))
	for i := range p.records {
		sum, err := w.unit.list.record(i, &p, a, w.published)
		if err != nil {
			w.wrong(a.Key, fmt.Sprintf("%s, record %d", place, i+1), "", err.Error())
			continue
		}
		w.contents = append(w.contents, sum)
	}
}

// billList reads the bills of a unit.
type billList struct{ unit *unit }

func (l *billList) page(body []byte) (page, error) {
	if p, err := l.unit.scan.page(body); !errors.Is(err, errSurprise) {
		return p, err
	}
	return readPage(body)
}

func (l *billList) record(i int, of *page, from *schema.Answer, published bool) (sum [sha256.Size]byte, err error) {
	var b reading
	raw, scanned := of.records[i], false
	if of.objects != nil {
		b, sum, scanned = l.unit.scan.record(of.objects[i], of.bizType)
	}
	if !scanned {
		sum, err = content(raw, of.bizType)
		if err == nil && published {
			b, err = readRecord(raw)
		}
	}
	if err == nil && published {
		b.WalkAccountID, b.ArchiveKey = l.unit.Account.ID, from.Key
		l.unit.add(&b, sum)
	}
	return sum, err
}

// checkRefusal handles an answer that does not prove that the call succeeded. A walk may end
// with one that says that the bills were withdrawn. Any other was accepted as a page by an
// earlier version, which is a finding if the walk is published.
func (w *walk) checkRefusal(a *schema.Answer, place string, no *refusal) {
	if no.withdrawn() {
		w.refused = true
		return
	}
	w.broken = true
	if c := w.unit.published(); c == nil || c.Walk != w.name {
		return
	}
	no.logID = cmp.Or(no.logID, a.LogID)
	finding := schema.Finding{Day: w.unit.Day, Bucket: w.unit.bucket, Key: a.Key, Place: place, Got: "the answer is no page: " + no.Error(), Fix: fixAnew}
	w.unit.findings = append(w.unit.findings, finding)
}

// finish computes the number of different records and the hash of their set.
func (w *walk) finish() {
	slices.SortFunc(w.contents, func(a, b [sha256.Size]byte) int { return bytes.Compare(a[:], b[:]) })
	w.contents = slices.Compact(w.contents)
	set := sha256.New()
	for i := range w.contents {
		set.Write(w.contents[i][:])
	}
	w.bills, w.digest, w.contents = int64(len(w.contents)), hex.EncodeToString(set.Sum(nil)), nil
}
