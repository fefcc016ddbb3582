package sandbox

import (
	"encoding/base64"
	"encoding/binary"
	"net/url"
	"strconv"

	"billwalk/schema"
)

// apiQuery is what the logid and the passing fault of an answer depend on.
type apiQuery struct {
	api     string
	day     schema.Day // of the bills, or of the settle query itself
	hash    uint64     // equal for equal queries
	attempt int        // counts equal queries, from 1
}

// call is a checked query of the bill API.
type call struct {
	apiQuery
	account schema.Account
	scope   accountScope
	cursor  string
	offset  int // the position of the cursor
	size    int
	scoped  uint64 // what the cursor is valid for, if not for an account's day
}

// unit returns a number that identifies the call's account and day, or else what its
// cursor is valid for.
func (c call) unit(seed uint64) uint64 {
	if c.scoped != 0 {
		return c.scoped
	}
	root := uint64(0)
	if c.account.Root {
		root = 1
	}
	return dice(seed, word("unit"), word(string(c.account.ID)), root, uint64(c.day))
}

const maxPageSize = 50

// readCall checks the query and returns the call, or an error code.
func (p *Platform) readCall(query url.Values) (call, int64) {
	c := call{apiQuery: apiQuery{api: BillsAPI}, cursor: query.Get("cursor")}
	for _, name := range []string{"cursor", "size", "bill_date"} {
		if !query.Has(name) {
			return c, codeMissingParameter
		}
	}
	id, root := query.Get("account_id"), query.Get("root_account_id")
	if (id == "") == (root == "") {
		return c, codeBadParameter
	}
	if query.Has("biz_type") { // not simulated
		return c, codeBadParameter
	}
	c.account = schema.Account{ID: schema.AccountID(id + root), Root: root != ""}
	var err error
	if c.day, err = schema.ParseDay(query.Get("bill_date")); err != nil {
		return c, codeBadParameter
	}
	if c.size, err = strconv.Atoi(query.Get("size")); err != nil || c.size < 1 || c.size > maxPageSize {
		return c, codeBadParameter
	}
	var ok bool
	if c.offset, ok = p.openCursor(c); !ok {
		return c, codeBadParameter
	}
	if c.scope, ok = p.world.scopeOf(c.account); !ok {
		return c, codeUnauthorised
	}
	c.hash = dice(c.unit(p.config.Seed), uint64(c.offset), uint64(c.size))
	return c, 0
}

const firstCursor = "0"

// sealCursor returns the opaque cursor of a position in the call's unit. It is
// always the same, and valid for this account and day only.
func (p *Platform) sealCursor(c call, offset int) string {
	var block [16]byte
	binary.BigEndian.PutUint64(block[:8], c.unit(p.config.Seed))
	binary.BigEndian.PutUint64(block[8:], uint64(offset))
	p.cursors.Encrypt(block[:], block[:])
	return base64.RawURLEncoding.EncodeToString(block[:])
}

func (p *Platform) openCursor(c call) (offset int, ok bool) {
	if c.cursor == firstCursor {
		return 0, true
	}
	block, err := base64.RawURLEncoding.Strict().DecodeString(c.cursor)
	if err != nil || len(block) != 16 {
		return 0, false
	}
	p.cursors.Decrypt(block, block)
	position := binary.BigEndian.Uint64(block[8:])
	if binary.BigEndian.Uint64(block[:8]) != c.unit(p.config.Seed) || position > 1<<40 {
		return 0, false
	}
	return int(position), true
}
