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

// walk is what the archive has of one walk over a unit's pages.
type walk struct {
	unit    *unit
	name    string
	pages   []schema.Link
	keys    []string // of the batch that holds each page
	rows    int64
	bills   int64
	digest  string
	next    string // cursor of the page to come
	done    bool   // the last page was there
	refused bool   // the platform could not list the bills any more
	broken  bool   // something in it was found wrong

	contents [][sha256.Size]byte
	kept     *[]record // the bills, if they are audited
}

// proveWalk reads all batches of a walk, and what its pages lead to.
func (u *unit) proveWalk(ctx context.Context, archive Archive, f *schema.Series) *walk {
	w := &walk{unit: u, name: f.Name, next: "0"}
	if e := u.entry; e != nil && e.Certificate != nil && e.Certificate.Walk == f.Name {
		w.kept = &u.records
		w.contents = make([][sha256.Size]byte, 0, e.Certificate.Rows)
	}
	for i, key := range f.Batches {
		if key == "" {
			w.wrong(archive.BatchKey(u.Unit, f.Name, i+1), "", "", "the batch is missing, and later ones are there")
			break // the pages after it are of no use
		}
		err := archive.ProvePages(ctx, key, func(line int, answer schema.Answer) { w.answer(line, &answer) })
		switch {
		case errors.Is(err, schema.ErrUnhashed):
			u.find(key, "", "", err.Error(), fixUnhashed)
		case err != nil:
			w.wrong(key, "", "", err.Error())
		}
	}
	w.end()
	return w
}

func (w *walk) wrong(key, place, want, got string) {
	w.broken = true
	w.unit.find(key, place, want, got, fixArchive)
}

// answer takes the walk's next page.
func (w *walk) answer(line int, a *schema.Answer) {
	if w.broken && len(w.pages)+1 != a.Page {
		return // what is missing was told
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
	p, err := readPage(a.Body)
	if no, ok := errors.AsType[*refusal](err); ok {
		w.refusal(a, place, no)
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
	for i, raw := range p.records {
		sum, err := content(raw, p.bizType)
		var b reading
		if err == nil && w.kept != nil {
			b, err = readRecord(raw)
		}
		if err != nil {
			w.wrong(a.Key, fmt.Sprintf("%s, record %d", place, i+1), "", err.Error())
			continue
		}
		w.contents = append(w.contents, sum)
		if w.kept != nil {
			b.WalkAccountID, b.ArchiveKey = w.unit.Account.ID, a.Key
			*w.kept = append(*w.kept, newRecord(&b, sum))
		}
	}
}

// refusal takes an answer that does not prove that it succeeded. A walk may end with
// one that says that the bills were withdrawn. Any other was taken for a page by an
// earlier version: that matters as long as the published rows rest on the walk.
func (w *walk) refusal(a *schema.Answer, place string, no *refusal) {
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

// end works out how many different records there are, and the hash of their set.
func (w *walk) end() {
	slices.SortFunc(w.contents, func(a, b [sha256.Size]byte) int { return bytes.Compare(a[:], b[:]) })
	w.contents = slices.Compact(w.contents)
	set := sha256.New()
	for i := range w.contents {
		set.Write(w.contents[i][:])
	}
	w.bills, w.digest, w.contents = int64(len(w.contents)), hex.EncodeToString(set.Sum(nil)), nil
}
