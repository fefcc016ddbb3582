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

// storeLists are the lists of a day.
type storeLists struct {
	day      schema.Day
	buckets  int
	whole    map[string]*storeList // those that are sound and complete, by account and pass
	findings []schema.Finding
	objects  int
	bytes    int64
}

// proveStores proves the lists of stores of a day.
func proveStores(ctx context.Context, archive StoreArchive, day schema.Day, buckets int, owns func(bucket int) bool) (*storeLists, error) {
	filed, err := archive.StoreSeries(ctx, day)
	if err != nil {
		return nil, err
	}
	s := &storeLists{day: day, buckets: buckets, whole: make(map[string]*storeList)}
	for i := range filed {
		f := &filed[i]
		if !owns(f.Account.Bucket(buckets)) {
			continue
		}
		s.objects, s.bytes = s.objects+f.Objects(), s.bytes+f.Bytes
		if l := s.prove(ctx, archive, f); l != nil {
			s.whole[storeListName(f.Account, f.Name)] = l
		}
	}
	return s, ctx.Err()
}

func storeListName(account schema.AccountID, walk string) string { return string(account) + " " + walk }

func (s *storeLists) find(bucket int, key, place, want, got, fix string) {
	s.findings = append(s.findings, schema.Finding{Day: s.day, Bucket: bucket, Key: key, Place: place, Want: want, Got: got, Fix: fix})
}

// prove reads a pass. It returns nil where that is not sound, or was never completed.
func (s *storeLists) prove(ctx context.Context, archive StoreArchive, f *schema.Series) *storeList {
	sound := true
	wrong := func(key, place, want, got, fix string) {
		sound = false
		s.find(f.Account.Bucket(s.buckets), key, place, want, got, fix)
	}
	l := new(storeList)
	for _, key := range f.Batches {
		if key == "" {
			wrong(f.Batches[len(f.Batches)-1], "", "", "a batch before it is missing", fixArchive)
			continue
		}
		err := archive.ProvePages(ctx, key, func(line int, a schema.Answer) {
			if err := l.add(&a, f.Account); err != nil {
				wrong(key, fmt.Sprintf("line %d", line), "", err.Error(), fixArchive)
			}
		})
		if err != nil {
			wrong(key, "", "", err.Error(), fixOf(err))
		}
	}
	if f.Certificate == "" {
		return nil
	}
	listing, err := archive.ProveListing(ctx, f.Certificate)
	if err != nil {
		wrong(f.Certificate, "", "", err.Error(), fixOf(err))
	}
	if !sound {
		return nil
	}
	l.listing = listing
	want := fmt.Sprintf("account %s, bill_date %s, walk %s, %d of %d stores, pages %+v", f.Account, s.day, f.Name, len(l.rows), l.total, l.pages)
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
	if no := readProof(answer.errorFields, answer.Data.errorFields, answer.Extra); no != nil {
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

// compare compares the stores that a manifest names, and the number of each of its rows, with
// the lists. It leaves out the rows where a list is not whole or the table could not be read.
func (s *storeLists) compare(m *schema.Manifest, manifestKey, tableKey string, damaged bool, rows map[storeRow]int) []schema.Finding {
	found := storeLists{day: s.day}
	expected := make(map[storeRow]int)
	for i := range m.Units {
		e := &m.Units[i]
		if e.Stores == nil {
			continue
		}
		place := fmt.Sprintf("account %s, stores", e.Account.ID)
		l := s.whole[storeListName(e.Account.ID, e.Stores.Walk)]
		if l == nil {
			found.find(m.Bucket, manifestKey, place, "", "the archive has no whole list of walk "+e.Stores.Walk, fixArchive)
			damaged = true
			continue
		}
		if want, got := fmt.Sprintf("%+v", *l.listing), fmt.Sprintf("%+v", *e.Stores); want != got {
			found.find(m.Bucket, manifestKey, place, "as in the archive, "+want, got, fixReplay)
		}
		for i := range l.rows {
			expected[storeRowOf(&l.rows[i])]++
		}
	}
	if damaged {
		return found.findings
	}
	for row := range rows {
		expected[row] += 0 // which the archive does not have
	}
	for row, n := range expected {
		if rows[row] != n {
			found.find(m.Bucket, tableKey, fmt.Sprintf("account %s, poi_id %s", row.account, row.poi), fmt.Sprint(n, " such rows, as in the archive"), fmt.Sprint(rows[row]), fixReplay)
		}
	}
	return found.findings
}
