package simulation

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"billwalk/schema"
	"billwalk/sinks/object"
)

// archived is one line of the archive.
type archived struct {
	Cursor    string          `json:"cursor"`
	FetchedAt time.Time       `json:"fetched_at"`
	Body      json.RawMessage `json:"body"`

	hash      [sha256.Size]byte
	ledgerIDs []string
}

// walk returns a walk's answers as they lie in the archive.
func (o *oracle) walk(u schema.Unit, walk string) (lines []archived) {
	prefix := fmt.Sprintf("archive/bills/bill_date=%s/account=%s/%s-", u.Day, u.Account.ID, walk)
	for info, err := range o.store.List(context.Background(), prefix) {
		if err != nil {
			o.complain("%v", err)
			return nil
		}
		lines = append(lines, o.batch(info.Key)...)
	}
	return lines
}

// batch returns the answers of one object, which is written once.
func (o *oracle) batch(key string) (lines []archived) {
	o.mu.Lock()
	known, ok := o.batches[key]
	o.mu.Unlock()
	if ok {
		return known
	}
	packed, _, err := object.ReadAll(context.Background(), o.store, key)
	if err != nil {
		o.complain("%v", err)
		return nil
	}
	text, err := simDecoder.DecodeAll(packed, nil)
	if err != nil {
		o.complain("%s: %v", key, err)
	}
	for line := range bytes.Lines(text) {
		var a archived
		if err := json.Unmarshal(line, &a); err != nil {
			o.complain("%s: %v", key, err)
		}
		a.hash = sha256.Sum256(a.Body)
		var page struct {
			Data struct {
				Records []struct {
					LedgerID string `json:"ledger_id"`
				} `json:"ledger_records"`
			} `json:"data"`
		}
		_ = json.Unmarshal(a.Body, &page) // what is no page has no bills
		for _, r := range page.Data.Records {
			a.ledgerIDs = append(a.ledgerIDs, r.LedgerID)
		}
		lines = append(lines, a)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.batches == nil {
		o.batches = make(map[string][]archived)
	}
	o.batches[key] = lines
	return lines
}

// certificates returns those of a unit, in the order of their walks.
func (o *oracle) certificates(u schema.Unit) (all []*schema.Certificate) {
	for info := range o.store.List(context.Background(), fmt.Sprintf("archive/bills/bill_date=%s/account=%s/", u.Day, u.Account.ID)) {
		if !strings.HasSuffix(info.Key, ".json") {
			continue
		}
		data, _, _ := object.ReadAll(context.Background(), o.store, info.Key)
		c := new(schema.Certificate)
		if err := json.Unmarshal(data, c); err != nil {
			o.complain("%s: %v", info.Key, err)
			continue
		}
		all = append(all, c)
	}
	return all
}

// ledgerIDs returns the bills of a certified walk.
func (o *oracle) ledgerIDs(c *schema.Certificate) map[string]bool {
	ids := make(map[string]bool)
	for _, a := range o.walk(c.Unit(), c.Walk) {
		for _, id := range a.ledgerIDs {
			ids[id] = true
		}
	}
	return ids
}

// asWalked judges a certificate: its pages are in the archive as they were
// served, from the first to the one without a next; and what they hold is what
// the platform had, unless that changed meanwhile.
func (o *oracle) asWalked(c *schema.Certificate) {
	lines := o.walk(c.Unit(), c.Walk)
	if len(lines) < len(c.Pages) || len(c.Pages) == 0 {
		o.complain("the walk %s of %s has %d pages in the archive, %d are certified", c.Walk, c.Unit(), len(lines), len(c.Pages))
		return
	}
	cursor := "0"
	for i, link := range c.Pages {
		sum := lines[i].hash
		if link.Cursor != cursor || lines[i].Cursor != cursor || hex.EncodeToString(sum[:]) != link.SHA256 {
			o.complain("page %d of the walk %s of %s is not the one that follows", i+1, c.Walk, c.Unit())
		}
		if !o.platform.served[sum] {
			o.complain("page %d of the walk %s of %s was never served", i+1, c.Walk, c.Unit())
		}
		cursor = link.Next
	}
	if body := lines[len(c.Pages)-1].Body; !bytes.Contains(body, []byte(`"has_more":false`)) {
		o.complain("the walk %s of %s ends before its end: %.200s", c.Walk, c.Unit(), body)
	}
	began, ended := lines[0].FetchedAt, lines[len(c.Pages)-1].FetchedAt
	if o.story.changesBetween(began.Add(-time.Minute), ended.Add(time.Second)) {
		return
	}
	ids := o.ledgerIDs(c)
	for _, row := range o.platform.rows(c.Day) {
		if row.of[c.Account] && o.platform.visible(row.LedgerID, c.Account.Root, c.Day, ended) != ids[row.LedgerID] {
			o.complain("the walk %s of %s found the bill %s: %v", c.Walk, c.Unit(), row.LedgerID, ids[row.LedgerID])
		}
	}
}

// archive judges all certificates that there are, and that the last run has
// published the newest.
func (o *oracle) archive(last *simProcess) {
	for _, u := range last.units() {
		var newest *schema.Certificate
		for _, c := range o.certificates(u) {
			if c.Walk != "" {
				o.asWalked(c)
			}
			newest = c
		}
		m := o.manifestOf(u.Day, u.Account.ID.Bucket(o.story.job.buckets))
		if newest == nil || m == nil {
			continue // complained about by the exit code
		}
		if e := m.Entry(u.Account.ID); e == nil || e.Certificate == nil || older(e.Certificate, newest) {
			o.complain("%s is published as of another walk than the newest", u)
		}
	}
}

// landed says that no write of an earlier process may still come.
func (o *oracle) landed() bool { return o.pending.Load() == 0 }
