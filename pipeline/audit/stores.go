package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"billwalk/schema"
)

// StoreArchive has the lists of stores.
type StoreArchive interface {
	// StoreSeries lists the passes over stores for a day.
	StoreSeries(ctx context.Context, day schema.Day) ([]schema.Series, error)
	// ProvePages reads a batch, line by line from 1.
	ProvePages(ctx context.Context, key string, take func(line int, answer schema.Answer)) error
	// ProveListing reads the proof that a pass is complete.
	ProveListing(ctx context.Context, key string) (*schema.Listing, error)
}

// storeRow is a row of the table stores, for comparison.
type storeRow struct {
	root, account, name, poi, poiName string
	nulls                             [4]bool
	fetchedAt                         int64
}

func storeRowOf(s *schema.Store) storeRow {
	return storeRow{
		string(s.RootAccountID.V), s.AccountID, foldReplacements(s.AccountName.V), s.PoiID.V, foldReplacements(s.PoiName.V),
		[4]bool{s.RootAccountID.Valid, s.AccountName.Valid, s.PoiID.Valid, s.PoiName.Valid}, s.FetchedAt.UnixMicro(),
	}
}

// storeList is one pass over the stores of an account, read from the archive once more.
type storeList struct {
	listing *schema.Listing
	pages   []schema.Link
	total   int64
	rows    []schema.Store
}

// proveStores proves the lists of stores of the day, and returns them by account and pass.
func (d *dayAudit) proveStores(ctx context.Context) (map[string]*storeList, error) {
	filed, err := d.Archive.StoreSeries(ctx, d.day.Day)
	if err != nil {
		return nil, err
	}
	lists := make(map[string]*storeList)
	for i := range filed {
		f := &filed[i]
		d.day.Objects, d.day.Bytes = d.day.Objects+f.Objects(), d.day.Bytes+f.Bytes
		if l := d.proveStoreList(ctx, f); l != nil {
			lists[string(f.Account)+" "+f.Name] = l
		}
	}
	return lists, ctx.Err()
}

// proveStoreList reads a pass. It returns nil where that is not sound, or was never completed.
func (d *dayAudit) proveStoreList(ctx context.Context, f *schema.Series) *storeList {
	sound := true
	wrong := func(key, place, want, got, fix string) {
		sound = false
		d.add(schema.Finding{Day: d.day.Day, Bucket: f.Account.Bucket(d.Buckets), Key: key, Place: place, Want: want, Got: got, Fix: fix})
	}
	l := new(storeList)
	for _, key := range f.Batches {
		if key == "" {
			wrong(f.Certificate, "", "", "a batch before "+f.Batches[len(f.Batches)-1]+" is missing", fixArchive)
			continue
		}
		err := d.Archive.ProvePages(ctx, key, func(line int, a schema.Answer) {
			if err := l.add(&a, f.Account); err != nil {
				wrong(key, fmt.Sprintf("line %d", line), "", err.Error(), fixArchive)
			}
		})
		if err != nil && !errors.Is(err, schema.ErrUnhashed) {
			wrong(key, "", "", err.Error(), fixArchive)
		}
	}
	if f.Certificate == "" {
		return nil
	}
	listing, err := d.Archive.ProveListing(ctx, f.Certificate)
	if err != nil {
		wrong(f.Certificate, "", "", err.Error(), fixOf(err))
	}
	if listing == nil || !sound {
		return nil
	}
	l.listing = listing
	want := fmt.Sprintf("account %s, bill_date %s, walk %s, %d of %d stores, pages %+v", f.Account, d.day.Day, f.Name, len(l.rows), l.total, l.pages)
	got := fmt.Sprintf("account %s, bill_date %s, walk %s, %d of %d stores, pages %+v", listing.Account.ID, listing.Day, listing.Walk, listing.Rows, listing.Rows, listing.Pages)
	if want != got {
		wrong(f.Certificate, "", want, got, fixArchive)
		return nil
	}
	for i := range l.rows {
		if listing.Account.Root {
			l.rows[i].RootAccountID = schema.Some(listing.Account.ID)
		}
	}
	return l
}

// add reads the next page of the list.
func (l *storeList) add(a *schema.Answer, account schema.AccountID) error {
	if n := len(l.pages) + 1; a.Account != account || a.Page != n || a.Cursor != strconv.Itoa(n) {
		return fmt.Errorf("it is page %d at cursor %q of account %s, and should be page %d of account %s", a.Page, a.Cursor, a.Account, n, account)
	}
	var answer struct {
		errorFields
		Data struct {
			errorFields
			Total jsontext.Value   `json:"total"`
			POIs  []jsontext.Value `json:"pois"`
		} `json:"data"`
		Extra jsontext.Value `json:"extra"`
	}
	if err := json.Unmarshal(a.Body, &answer, anyText); err != nil {
		return err
	}
	if no := proof(answer.errorFields, answer.Data.errorFields, answer.Extra); no != nil {
		return no
	}
	total, err := whole(answer.Data.Total)
	if err != nil || !total.Valid || len(l.pages) > 0 && total.V != l.total {
		return fmt.Errorf("it says that there are %s stores, where page 1 says %d", answer.Data.Total, l.total)
	}
	l.total = total.V
	l.pages = append(l.pages, schema.Link{Cursor: a.Cursor, Rows: len(answer.Data.POIs), SHA256: schema.HashOf(a.Body)})
	for i, raw := range answer.Data.POIs {
		s, err := readStore(raw)
		if err != nil {
			return fmt.Errorf("store %d: %w", i+1, err)
		}
		s.AccountID, s.FetchedAt = cmp.Or(s.AccountID, string(account)), a.FetchedAt
		l.rows = append(l.rows, s)
	}
	return nil
}

// readStore reads one store.
func readStore(raw jsontext.Value) (s schema.Store, err error) {
	var wire struct {
		POI struct {
			ID   jsontext.Value `json:"poi_id"`
			Name jsontext.Value `json:"poi_name"`
		} `json:"poi"`
		Account struct {
			Own struct {
				ID   jsontext.Value `json:"account_id"`
				Name jsontext.Value `json:"account_name"`
			} `json:"poi_account"`
		} `json:"account"`
	}
	if err := json.Unmarshal(raw, &wire, anyText); err != nil {
		return s, err
	}
	account, accountErr := text(wire.Account.Own.ID)
	s.AccountID = account.V
	poi, poiErr := text(wire.POI.ID)
	s.PoiID = schema.Null[string]{V: poi.V, Valid: poi.V != ""}
	for _, name := range []struct {
		raw jsontext.Value
		to  *schema.Null[string]
	}{{wire.POI.Name, &s.PoiName}, {wire.Account.Own.Name, &s.AccountName}} {
		if shown := displayText(name.raw); shown != nil {
			*name.to = schema.Null[string]{V: shown.V, Valid: shown.V != ""}
		}
	}
	return s, errors.Join(accountErr, poiErr)
}

// expectStores returns how often each row of the partition's stores is expected, by its
// manifest. ok is false where a list is not sound, which another finding says.
func (p *partition) expectStores() (expected map[storeRow]int, ok bool) {
	expected, ok = make(map[storeRow]int), true
	for i := range p.m.Units {
		e := &p.m.Units[i]
		if e.Stores == nil {
			continue
		}
		l := p.stores[string(e.Account.ID)+" "+e.Stores.Walk]
		if l == nil {
			p.find(p.manifestKey(), fmt.Sprintf("account %s, stores", e.Account.ID), "", "the archive has no whole list of walk "+e.Stores.Walk, fixArchive)
			ok = false
			continue
		}
		if want, got := fmt.Sprintf("%+v", *l.listing), fmt.Sprintf("%+v", *e.Stores); want != got {
			p.find(p.manifestKey(), fmt.Sprintf("account %s, stores", e.Account.ID), "as in the archive, "+want, got, fixReplay)
		}
		for i := range l.rows {
			expected[storeRowOf(&l.rows[i])]++
		}
	}
	return expected, ok
}

// checkStores compares the published stores with the archive.
func (t *tables) checkStores() {
	key := t.key(schema.Stores.Name)
	expected, ok := t.expectStores()
	if !ok || t.damaged[key] {
		return
	}
	for row, n := range t.storeRows {
		if expected[row] < n {
			t.find(key, fmt.Sprintf("account %s, poi_id %s", row.account, row.poi), fmt.Sprint(expected[row], " such rows, as in the archive"), fmt.Sprint(n), fixReplay)
		}
	}
	for row, n := range expected {
		if t.storeRows[row] < n {
			t.find(key, fmt.Sprintf("account %s, poi_id %s", row.account, row.poi), fmt.Sprint(n, " such rows, as in the archive"), fmt.Sprint(t.storeRows[row]), fixReplay)
		}
	}
}
