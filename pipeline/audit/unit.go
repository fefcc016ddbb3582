package audit

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"

	"billwalk/schema"
)

// unit is one account on one day, in the archive and in its manifest.
type unit struct {
	listed
	manifest *schema.Manifest // nil if none has the unit
	entry    *schema.Entry
	records  []record // of the published walk
	packed   []byte   // amounts of the records
	scan     *scan    // while the walks are read
}

func newUnit(u schema.Unit, bucket int) *unit {
	one := &unit{listed: newListed(u, bucket)}
	one.list = &billList{unit: one}
	return one
}

// publish sets what the manifest has of the unit.
func (u *unit) publish(m *schema.Manifest, e *schema.Entry) {
	u.manifest, u.entry, u.copied = m, e, e.Certificate
}

// listed is a list of the platform on one account and day, with its walks in the archive and
// the copy of its certificate in a manifest.
type listed struct {
	schema.Unit
	list     list
	bucket   int
	filed    []schema.Series
	copied   *schema.Certificate // nil if no manifest has one
	walks    map[string]*walk
	findings []schema.Finding
}

// list reads one kind of list.
type list interface {
	// page decodes the body of an answer. The error is a *refusal if the answer does not
	// prove that the call succeeded.
	page(body []byte) (page, error)
	// record reads record i of a page, and returns the hash of its content. It keeps those of
	// the published walk.
	record(i int, of *page, from *schema.Answer, published bool) ([sha256.Size]byte, error)
}

func newListed(u schema.Unit, bucket int) listed {
	return listed{Unit: u, bucket: bucket, walks: make(map[string]*walk)}
}

func (u *listed) find(key, place, want, got, fix string) {
	u.findings = append(u.findings, schema.Finding{Day: u.Day, Bucket: u.bucket, Key: key, Place: place, Want: want, Got: got, Fix: fix})
}

// sound reports whether the archive has the pages from which the unit's rows were built.
func (u *listed) sound() bool {
	c := u.published()
	if c == nil {
		return true
	}
	w := u.walks[c.Walk]
	return w != nil && !w.broken && w.done && len(w.pages) == len(c.Pages)
}

// published returns the certificate of the unit's published rows, or nil if there are none.
func (u *listed) published() *schema.Certificate {
	if u.copied == nil || u.copied.Walk == "" {
		return nil
	}
	return u.copied
}

// prove reads every walk of the list in the archive, and compares its certificates with
// them.
func (u *listed) prove(ctx context.Context, archive walkArchive) {
	for i := range u.filed {
		if f := &u.filed[i]; len(f.Batches) > 0 {
			u.walks[f.Name] = u.proveWalk(ctx, archive, f)
		}
	}
	stored := make(map[string]*schema.Certificate) // by the walk in its key
	for _, f := range u.filed {
		if f.Certificate == "" {
			continue
		}
		c, err := archive.ProveCertificate(ctx, f.Certificate)
		if err != nil {
			u.find(f.Certificate, "", "", err.Error(), fixOf(err))
		}
		if c != nil {
			stored[f.Name] = c
			u.checkCertificate(archive, &f, c)
		}
	}
	if u.copied != nil {
		u.checkCopy(archive, u.copied, stored)
	}
}

// checkCopy compares the manifest's copy of a certificate with the one in the archive.
func (u *listed) checkCopy(archive walkArchive, c *schema.Certificate, stored map[string]*schema.Certificate) {
	name := c.Latest().Walk
	key := archive.CertificateKey(u.Unit, name)
	own := stored[name]
	if own == nil {
		u.checkChain(archive, c)
		if !slices.ContainsFunc(u.filed, func(f schema.Series) bool { return f.Certificate == key }) { // else another finding says why
			u.find(key, "", "the certificate of which the manifest has a copy", "it is missing", fixArchive)
		}
		return
	}
	if want, got := textOf(c), textOf(own); want != got {
		u.find(key, "", "as the manifest has it, "+want, got, fixReplay)
	}
}

func textOf(c *schema.Certificate) string {
	text, err := json.Marshal(c)
	if err != nil {
		panic("audit: a certificate is not JSON: " + err.Error()) // it was decoded from JSON
	}
	return string(text)
}

// checkCertificate compares a certificate with the walks that it names. The walks of one that
// is not published may have been removed.
func (u *listed) checkCertificate(archive walkArchive, f *schema.Series, c *schema.Certificate) {
	wrong := func(place, want, got string) { u.find(f.Certificate, place, want, got, fixArchive) }
	want := fmt.Sprintf("account %s, bill_date %s, walk %s", u.Account.ID, u.Day, f.Name)
	if got := fmt.Sprintf("account %s, bill_date %s, walk %s", c.Account.ID, c.Day, c.Latest().Walk); got != want {
		wrong("", want, got)
		return
	}
	if c.State != schema.Complete && c.State != schema.Unavailable {
		wrong("state", "complete or unavailable", string(c.State))
	}
	if c.Walk == "" {
		if c.State == schema.Complete || c.Rows != 0 || len(c.Pages) > 0 {
			wrong("walk", "a walk", "none")
		}
		return
	}
	published := u.copied != nil && u.copied.Latest().Walk == f.Name
	u.checkChain(archive, c)
	if c.End != "has_more=false" {
		wrong("end", "has_more=false", c.End)
	}
	agreed := c.Agreed
	if len(agreed) == 0 || agreed[len(agreed)-1] != c.Walk {
		wrong("agreed", "walks in a row, the last of them "+c.Walk, fmt.Sprint(agreed))
	}
	if c.Confirmed != nil && c.State == schema.Complete {
		agreed = append(agreed, c.Confirmed.Walk)
	}
	for _, other := range agreed {
		w := u.walks[other]
		switch {
		case w == nil && !published || w != nil && w.broken: // another finding says so, or it does not matter
		case w == nil:
			u.find(archive.BatchKey(u.Unit, other, 1), "", "a walk that agreed with "+c.Walk, "it is missing", fixArchive)
		case !w.done:
			u.find(archive.BatchKey(u.Unit, other, len(u.batches(other))+1), "", "a page at cursor "+w.next, "the walk ends before it", fixArchive)
		case w.digest != c.Digest || w.bills != c.Bills:
			wrong("digest", fmt.Sprintf("%s of %d bills, as in walk %s", w.digest, w.bills, other), fmt.Sprintf("%s of %d bills", c.Digest, c.Bills))
		}
	}
}

// checkChain compares the pages of the certified walk with the certificate's links.
func (u *listed) checkChain(archive walkArchive, c *schema.Certificate) {
	w := u.walks[c.Walk]
	if w == nil || w.broken {
		return // another finding says so
	}
	for i, link := range c.Pages {
		if i == len(w.pages) {
			return // another finding says so
		}
		if got := w.pages[i]; got != link {
			u.find(w.keys[i], fmt.Sprintf("page %d", i+1), fmt.Sprintf("%+v, as certified", link), fmt.Sprintf("%+v", got), fixArchive)
			w.broken = true
			return
		}
	}
	if len(w.pages) != len(c.Pages) || w.rows != c.Rows {
		u.find(archive.CertificateKey(u.Unit, c.Latest().Walk), "pages", fmt.Sprintf("%d pages of %d records, as in the archive", len(w.pages), w.rows),
			fmt.Sprintf("%d pages of %d records", len(c.Pages), c.Rows), fixArchive)
	}
}

// batches returns the keys of a walk's batches.
func (u *listed) batches(walk string) []string {
	for _, f := range u.filed {
		if f.Name == walk {
			return f.Batches
		}
	}
	return nil
}
