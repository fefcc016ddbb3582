package walk

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"time"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// Limits that no sound walk exceeds. A walk beyond them is an error.
const (
	maxPages = 100_000
	maxEmpty = 3 // pages in a row that are empty and have has_more
)

// trace is one walk of a unit: the chain of its pages so far, and what they hold. It
// does not matter whether a page was fetched now or read from the archive.
type trace struct {
	unit     schema.Unit
	walk     string
	began    time.Time // when the first page was fetched
	ended    time.Time
	next     string // cursor of the page to come
	done     bool
	pages    []schema.Link
	rows     int64
	contents []normalise.Content            // of the records
	seen     map[string]bool                // cursors
	empty    int                            // empty pages in a row, up to the last
	sizes    [schema.AmountCount]schema.Fen // sums of absolute amounts
}

const firstCursor = "0"

func newTrace(u schema.Unit, walk string) *trace {
	return &trace{unit: u, walk: walk, next: firstCursor, seen: map[string]bool{firstCursor: true}}
}

// add takes the walk's next page, of at most size records, and hashes it. An error says why
// the walk cannot be trusted.
func (t *trace) add(a *normalise.PageAnswer, size int) error {
	if a.Cursor != t.next || a.Page != len(t.pages)+1 {
		return fmt.Errorf("page %d at cursor %q does not follow page %d, which leads to cursor %q", a.Page, a.Cursor, len(t.pages), t.next)
	}
	page := &a.Decoded
	if err := t.guard(page, size); err != nil {
		return err
	}
	if err := t.addSizes(a); err != nil {
		return err
	}
	t.contents = append(t.contents, page.Records...)
	if len(t.pages) == 0 {
		t.began = a.FetchedAt
	}
	a.SHA256 = schema.HashOf(a.Body)
	t.pages = append(t.pages, schema.Link{Cursor: a.Cursor, Next: page.Next, Rows: len(page.Records), SHA256: a.SHA256})
	t.rows += int64(len(page.Records))
	t.ended, t.next, t.done = a.FetchedAt, page.Next, !page.HasMore
	t.seen[page.Next] = true
	return nil
}

// guard checks that a page leads to a new one, and that the walk does not exceed its limits.
func (t *trace) guard(page *normalise.PageContent, size int) error {
	if n := len(page.Records); n > size {
		return fmt.Errorf("a page has %d records, more than the %d that were requested", n, size)
	}
	if !page.HasMore {
		return nil
	}
	if t.seen[page.Next] {
		return fmt.Errorf("the walk loops: page %d leads to cursor %q, where it has been before", len(t.pages)+1, page.Next)
	}
	if len(t.pages)+1 >= maxPages {
		return fmt.Errorf("the walk does not end: %d pages and still has_more", maxPages)
	}
	if len(page.Records) > 0 {
		t.empty = 0
		return nil
	}
	if t.empty++; t.empty >= maxEmpty {
		return fmt.Errorf("%d pages in a row are empty and say has_more", t.empty)
	}
	return nil
}

// addSizes adds a page's sums of absolute amounts. Amounts whose sum could overflow are
// refused here, where they fail one unit and not the whole day.
func (t *trace) addSizes(page *normalise.PageAnswer) error {
	for a, size := range page.Decoded.Sizes {
		sum, err := t.sizes[a].Add(size)
		if err != nil || sum > math.MaxInt64/maxUnits {
			return fmt.Errorf("the sum of %s, up to page %d, is more than a day can have%s: %w", schema.Amount(a).Field(), page.Page, largest(page.Body, schema.Amount(a)), schema.ErrOverflow)
		}
		t.sizes[a] = sum
	}
	return nil
}

// largest names the bill of a page that has the largest amount.
func largest(body []byte, a schema.Amount) string {
	page, err := normalise.DecodePage(body)
	if err != nil || len(page.Records) == 0 {
		return ""
	}
	size := func(r normalise.Record) schema.Fen { fen := r.Amounts()[a].V; return max(fen, -fen) }
	r := slices.MaxFunc(page.Records, func(a, b normalise.Record) int { return cmp.Compare(size(a), size(b)) })
	return fmt.Sprintf(": bill %s has %d fen; compare it with the merchant's console, and ask Douyin's support with the logid", r.Key().LedgerID, r.Amounts()[a].V)
}

// maxUnits is how many units a partition can hold without its sums overflowing.
const maxUnits = 10_000

// digest returns the number of different records that the walk found, and the hash of
// their set: it is equal for two walks that found the same bills in any order.
func (t *trace) digest() (bills int64, digest string) {
	slices.SortFunc(t.contents, func(a, b normalise.Content) int { return bytes.Compare(a[:], b[:]) })
	t.contents = slices.Compact(t.contents)
	hash := sha256.New()
	for i := range t.contents {
		hash.Write(t.contents[i][:])
	}
	return int64(len(t.contents)), hex.EncodeToString(hash.Sum(nil))
}
