package truth

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline"
	"billwalk/schema"
	"billwalk/sinks/archive"
	"billwalk/sinks/parquet"
)

// toldAgain is a callback that says what the query did of a settlement, at another
// time.
func toldAgain(t *testing.T, s *schema.Settlement) schema.Callback {
	t.Helper()
	msg := map[string]any{"settle_id": s.SettleID, "status": s.Status, "is_auto_settle": false, "app_id": "trade-key"}
	for name, v := range map[string]schema.Null[string]{
		"order_id": s.OrderID, "out_settle_no": s.OutSettleNo, "item_order_id": s.ItemOrderID, "settle_detail": s.Detail,
	} {
		if v.Valid {
			msg[name] = v.V
		}
	}
	for name, v := range map[string]schema.Null[schema.Fen]{"settle_amount": s.Amount, "rake": s.Rake, "commission": s.Commission} {
		if v.Valid {
			msg[name] = int64(v.V)
		}
	}
	if s.SettleTime.Valid {
		msg["event_time"] = s.SettleTime.V.UnixMilli()
	}
	text, err := json.Marshal(msg)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(map[string]string{"version": "2.0", "type": "settle", "msg": string(text)})
	if err != nil {
		t.Fatal(err)
	}
	return schema.Callback{App: "trade", ReceivedAt: billwalktest.MustDay(verifyDay).Start().Add(30 * time.Hour), Scheme: schema.SignedRSA, Body: body}
}

// tableRows reads all rows of a table in the lake.
func tableRows[R any](t *testing.T, l *provenLake, table schema.Table[R]) (rows []R) {
	t.Helper()
	for _, key := range l.keys {
		if shelfOf(key) != table.Name {
			continue
		}
		for row, err := range parquet.Read(table, bytes.NewReader(l.bodies[key])) {
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, *row)
		}
	}
	return rows
}

// encodedCallbacks are callbacks in the archive's form.
func encodedCallbacks(t *testing.T, a *archive.Archive, callbacks ...schema.Callback) (lines []byte) {
	t.Helper()
	for _, c := range callbacks {
		line, err := a.EncodeCallback(c)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line...)
	}
	return lines
}

const (
	heardBatch      = "01M80Y2B7A71A27FMBT77G2JB1"
	loneBatch       = "01M80Y2B7A71A27FMBT77G2JB2"
	quarantineBatch = "01M80Y2B7A71A27FMBT77G2JB3"
)

// newCalledLake is a proven lake in which callbacks told of the settlements, too: of
// what the query told, and of orders that no bill is of.
func newCalledLake(t *testing.T) *provenLake {
	t.Helper()
	l := newProvenLake(t, billwalktest.FolderLake(t), 11, 4, 25)
	var again, lone []schema.Callback
	for _, s := range tableRows(t, l, schema.Settlements) {
		again = append(again, toldAgain(t, &s))
	}
	some, fen := schema.Some[string], schema.Some[schema.Fen]
	at := schema.Some(billwalktest.MustDay(verifyDay).Start().Add(20 * time.Hour))
	for _, s := range []schema.Settlement{
		{SettleID: "lone-1", OrderID: some("nobody's"), Status: schema.StatusSuccess, Amount: fen(1000), Rake: fen(60), Commission: fen(0), Detail: some("商户号1-分成金额(分)940"), SettleTime: at},
		{SettleID: "lone-2", OrderID: some("nobody's"), Status: schema.StatusFail, Amount: fen(7), SettleTime: at},
		{SettleID: "lone-3", OrderID: some("nobody's"), ItemOrderID: some("an item"), Status: schema.StatusSuccess, Amount: fen(5), Rake: fen(0), Commission: fen(0), Detail: some("商户号1-分成金额(分)5"), SettleTime: at},
		{SettleID: "lone-4", Status: schema.StatusFail, SettleTime: at},
	} {
		lone = append(lone, toldAgain(t, &s))
	}
	unreadable := lone[0]
	unreadable.Body = []byte("unreadable")
	a, received := archive.New(l.store), schema.DayOf(unreadable.ReceivedAt)
	if err := errors.Join(
		a.AppendCallbacks(t.Context(), received, heardBatch, encodedCallbacks(t, a, again...)),
		a.AppendCallbacks(t.Context(), received, loneBatch, encodedCallbacks(t, a, append(lone, lone...)...)), // the platform repeats itself
		a.QuarantineCallbacks(t.Context(), received, quarantineBatch, encodedCallbacks(t, a, unreadable)),
	); err != nil {
		t.Fatal(err)
	}
	billwalktest.Run(t, l.config, "replay", "nightly", "--from", verifyDay, "--to", verifyDay)
	billwalktest.CheckProven(t, l.config, billwalktest.MustDay(verifyDay), billwalktest.MustDay(verifyDay))
	l.read(t)
	return l
}

// TestVerifyCallbacks: rows that rest on callbacks are proven by them; a bit of
// theirs that flips, one that is gone, and one that says something else, hash and
// all, is found.
func TestVerifyCallbacks(t *testing.T) {
	t.Parallel()
	l := newCalledLake(t)
	sources := make(map[schema.Source]int)
	for _, s := range tableRows(t, l, schema.Settlements) {
		sources[s.Source]++
	}
	if sources[schema.SourceBoth] == 0 || sources[schema.SourceCallback] != 4 {
		t.Fatalf("settlements by source: %v", sources)
	}
	for _, key := range l.keys {
		if shelfOf(key) != "archive/callbacks.zst" {
			continue
		}
		body := bytes.Clone(l.bodies[key])
		body[len(body)/2] ^= 1
		l.mustFind(t, "a bit of "+key, overlay{bodies: map[string][]byte{key: body}}, key)
		if strings.Contains(key, quarantineBatch) {
			continue // nothing rests on it
		}
		table := l.settlementsOf(t, key)
		l.mustFind(t, "dropped "+key, overlay{gone: map[string]bool{key: true}}, table)
		forged := overlay{bodies: make(map[string][]byte), meta: make(map[string]map[string]string)}
		forged.forge(key, deflated(t, bytes.ReplaceAll(inflated(t, l.bodies[key]), []byte(`SUCCESS`), []byte(`FAIL`))))
		if strings.Contains(key, loneBatch) { // else the query says the same
			l.mustFind(t, "another status in "+key, forged, table)
		}
		if strings.Contains(key, loneBatch) { // as an earlier version published what it took
			foreign := overlay{bodies: make(map[string][]byte), meta: make(map[string]map[string]string)}
			foreign.forge(key, deflated(t, bytes.ReplaceAll(inflated(t, l.bodies[key]), []byte(`trade-key`), []byte(`ttanother`))))
			l.mustFind(t, "of another mini-program in "+key, foreign, table)
		}
		unreadable := overlay{bodies: make(map[string][]byte), meta: make(map[string]map[string]string)}
		unreadable.forge(key, deflated(t, bytes.Replace(inflated(t, l.bodies[key]), []byte(`settle_id`), []byte(`settle_nr`), 1)))
		l.mustFind(t, "no settle_id in "+key, unreadable, key)
	}
}

// settlementsOf returns the table in which a settlement of the batch is.
func (l *provenLake) settlementsOf(t *testing.T, batch string) string {
	t.Helper()
	text := inflated(t, l.bodies[batch])
	for _, key := range l.keys {
		if shelfOf(key) != schema.Settlements.Name {
			continue
		}
		for row, err := range parquet.Read(schema.Settlements, bytes.NewReader(l.bodies[key])) {
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(text, []byte(row.SettleID)) {
				return key
			}
		}
	}
	t.Fatalf("no settlement of %s is published", batch)
	return ""
}

// TestVerifyForgedUnexplained: a forger changes what is said of settlements that no
// bill explains, and every hash with it.
func TestVerifyForgedUnexplained(t *testing.T) {
	t.Parallel()
	l := newCalledLake(t)
	lone := func(r *schema.Reconciliation) bool { return r.Verdict == schema.SettlementOnly }
	tried := make(map[string]int)
	for _, key := range l.keys {
		if shelfOf(key) != "_manifests" || strings.HasSuffix(key, "lake.json") {
			continue
		}
		group := func(what string, change func(*schema.Reconciliation)) forged {
			return forgery(t, l, key, schema.Reconciliations, what, "", func(r *schema.Reconciliation) {
				if lone(r) && r.Settled[schema.LegTotal].Valid {
					change(r)
				}
			})
		}
		settlement := func(what string, change func(*schema.Settlement)) forged {
			return forgery(t, l, key, schema.Settlements, what, "", func(s *schema.Settlement) {
				if s.Source == schema.SourceCallback {
					change(s)
				}
			})
		}
		for _, f := range []forged{
			group("a group's bills", func(r *schema.Reconciliation) { r.BillRows = 1 }),
			group("a group's billed sum", func(r *schema.Reconciliation) { r.Billed[schema.LegTotal] = schema.Some[schema.Fen](0) }),
			group("a group's difference", func(r *schema.Reconciliation) { r.Diff[schema.LegTotal] = r.Settled[schema.LegTotal] }),
			group("a group's refunds", func(r *schema.Reconciliation) { r.Refund = schema.Some[schema.Fen](0) }),
			group("a group's other bills", func(r *schema.Reconciliation) { r.Other = schema.Some[schema.Fen](0) }),
			group("a group's settlements", func(r *schema.Reconciliation) { r.SettlementRows++ }),
			group("a group's settled sum", func(r *schema.Reconciliation) { r.Settled[schema.LegNet].V++ }),
			group("a group's account", func(r *schema.Reconciliation) { r.WalkAccountID = "7" }),
			group("a group's key", func(r *schema.Reconciliation) { r.GroupKey = "another" }),
			group("a group's verdict", func(r *schema.Reconciliation) { r.Verdict = schema.Pending }),
			settlement("a settlement explained", func(s *schema.Settlement) { s.AskedBy = schema.Some("order_id: shop_order_id") }),
			settlement("a settlement's order", func(s *schema.Settlement) { s.OrderID = schema.Some("another") }),
			settlement("a settlement's day", func(s *schema.Settlement) { s.SettleTime.V = s.SettleTime.V.Add(24 * time.Hour) }),
			settlement("a settlement's source", func(s *schema.Settlement) { s.Source = schema.SourceQuery }),
			settlement("a settlement's time of receipt", func(s *schema.Settlement) { s.FetchedAt = s.FetchedAt.Add(time.Microsecond) }),
			settlement("a settlement's group", func(s *schema.Settlement) { s.GroupKey.V += "x" }),
			settlement("a settlement's account", func(s *schema.Settlement) { s.WalkAccountID = schema.Some[schema.AccountID]("7") }),
			settlement("a settlement there twice", func(s *schema.Settlement) { s.SettleID = "lone-1" }),
		} {
			if f.row == 0 {
				continue // there is none to change
			}
			tried[f.what]++
			f.store.Store = l.store
			if v, code := verifying(t, l.config, f.store, billwalktest.MustDay(verifyDay), billwalktest.MustDay(verifyDay)); code != pipeline.ExitFailed || len(v.Findings) == 0 {
				t.Errorf("%s is not found: exit %d", f.what, code)
			}
		}
	}
	if len(tried) != 18 {
		t.Errorf("forged only %v", tried)
	}
}
