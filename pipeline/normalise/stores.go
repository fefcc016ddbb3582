package normalise

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"billwalk/schema"
)

// StoresPage is one decoded answer of the store API (shop/poi/query).
type StoresPage struct {
	Total  int64 // stores on all pages
	Stores []StoreRecord
	LogID  string // of the answer, or ""
}

// StoreRecord is one store of a page.
type StoreRecord struct {
	PoiID, PoiName         schema.Null[string]
	AccountID, AccountName schema.Null[string] // of the store's own account
}

// StoresAnswer is an answer of the store API, and what its body was decoded into.
type StoresAnswer struct {
	schema.Answer
	Decoded StoresPage
}

// ReadStores decodes the body of an answer of the store API that says that the call
// succeeded. It is an error if the list or the total is missing, an entry names neither a
// store nor an account, a key is repeated, or an id is not valid text. Names are mended. An
// empty list is an empty page; so is null.
func ReadStores(body []byte) (StoresPage, error) {
	type form struct {
		Claims
		Total integer `json:"total"`
		POIs  list    `json:"pois"`
	}
	data, logID, err := decodeData[form]("store", body)
	if err != nil {
		return StoresPage{}, err
	}
	switch {
	case data.POIs.kind == 0:
		return StoresPage{}, errors.New("page has no pois: an account without stores has an empty list")
	case !data.Total.Valid || data.Total.V < 0:
		return StoresPage{}, errors.New("page has no total: whether it is the last one is unknown")
	}
	page := StoresPage{Total: data.Total.V, Stores: make([]StoreRecord, len(data.POIs.all)), LogID: logID}
	for i, raw := range data.POIs.all {
		var err error
		if page.Stores[i], err = decodeStore(raw); err != nil {
			return StoresPage{}, fmt.Errorf("pois[%d]: %w", i, err)
		}
	}
	return page, nil
}

func decodeStore(raw jsontext.Value) (StoreRecord, error) {
	var wire struct {
		POI struct {
			ID   text    `json:"poi_id"`
			Name display `json:"poi_name"`
		} `json:"poi"`
		Account struct {
			Own struct {
				ID   text    `json:"account_id"`
				Name display `json:"account_name"`
			} `json:"poi_account"`
		} `json:"account"`
	}
	if _, err := decodeJSON(raw, &wire); err != nil {
		return StoreRecord{}, err
	}
	own := wire.Account.Own
	s := StoreRecord{PoiID: nonEmpty(wire.POI.ID.Null), PoiName: nonEmpty(wire.POI.Name.Null), AccountID: nonEmpty(own.ID.Null), AccountName: nonEmpty(own.Name.Null)}
	if !s.PoiID.Valid && !s.AccountID.Valid {
		return s, errors.New("it has neither poi_id nor account_id")
	}
	return s, nil
}

// Store returns the row of a record in an answer of an account.
func (s *StoreRecord) Store(account schema.Account, a *schema.Answer) schema.Store {
	row := schema.Store{AccountID: string(account.ID), AccountName: s.AccountName, PoiID: s.PoiID, PoiName: s.PoiName, FetchedAt: a.FetchedAt}
	if s.AccountID.Valid {
		row.AccountID = s.AccountID.V
	}
	if account.Root {
		row.RootAccountID = schema.Some(account.ID)
	}
	return row
}
