package archive

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"billwalk/schema"
)

// Every key of the archive is made and parsed in this file. Walks, passes and batches of
// callbacks are named by ULIDs, so that names sort by the time they began.
//
//	archive/bills/bill_date=D/account=A/<walk>-00001.jsonl.zst         a batch of pages
//	archive/bills/bill_date=D/account=A/<walk>.json                    the walk's certificate
//	archive/withdrawals/bill_date=D/account=A/...                      likewise, of the withdrawals launched on the day
//	archive/withdrawn_bills/bill_date=D/account=A/withdrawal=W/...     likewise, of the bills of one of them
//	archive/settlements/bill_date=D/account=A/<pass>-00001.jsonl.zst   a batch of answers
//	archive/settlements/bill_date=D/account=A/<pass>.json              the end of the pass
//	archive/stores/bill_date=D/account=A/<walk>-00001.jsonl.zst        a batch of pages of stores
//	archive/stores/bill_date=D/account=A/<walk>.json                   the proof that they are all
//	archive/callbacks/received=D/<batch>.jsonl.zst                     verified callbacks
//	archive/callbacks/received=D/quarantine/<batch>.jsonl.zst          callbacks that cannot be read
//	archive/unreadable/bill_date=D/account=A/<run>-<kind>.jsonl.zst    answers that cannot be read
//
// Anything else is a foreign file, and is ignored.

const (
	batchEnding     = ".jsonl.zst"
	callbacksFolder = "archive/callbacks/received="

	withdrawalsFolder    = "archive/withdrawals/"
	withdrawnBillsFolder = "archive/withdrawn_bills/"
)

const ulid = `([0-9A-HJKMNP-TV-Z]{26})`

// Names of the archive's own objects, below the folder of a day. They do not count the characters of ids, which
// would compile each a hundred times over.
var (
	walkObject    = regexp.MustCompile(`^` + ulid + `(?:-([0-9]{5})\.jsonl\.zst|\.json)$`)
	unitObject    = regexp.MustCompile(`^account=([0-9]*)/(?:withdrawal=([0-9A-Za-z_-]+)/)?` + ulid + `(?:-([0-9]{5})\.jsonl\.zst|\.json)$`)
	callbackBatch = regexp.MustCompile(`^(quarantine/)?` + ulid + `\.jsonl\.zst$`)
)

// billsOf returns the folder of a day's bills.
func billsOf(day schema.Day) string { return fmt.Sprintf("archive/bills/bill_date=%s/", day) }

// settlementsOf returns the folder of a day's settlements.
func settlementsOf(day schema.Day) string {
	return fmt.Sprintf("archive/settlements/bill_date=%s/", day)
}

// storesOf returns the folder of the stores that were listed for a day.
func storesOf(day schema.Day) string { return fmt.Sprintf("archive/stores/bill_date=%s/", day) }

// withdrawalsOf returns the folder of the withdrawals that were launched on a day.
func withdrawalsOf(day schema.Day) string {
	return fmt.Sprintf("%sbill_date=%s/", withdrawalsFolder, day)
}

// withdrawnBillsOf returns the folder of the bills of these withdrawals.
func withdrawnBillsOf(day schema.Day) string {
	return fmt.Sprintf("%sbill_date=%s/", withdrawnBillsFolder, day)
}

// callbacksOf returns the folder of the callbacks that were received on a day.
func callbacksOf(received schema.Day) string { return callbacksFolder + received.String() + "/" }

// accountIn returns an account's folder in that of a day.
func accountIn(day string, account schema.AccountID) string {
	return fmt.Sprintf("%saccount=%s/", day, account)
}

// batchIn returns the key of batch n (from 1) of a walk or pass in an account's folder.
func batchIn(folder, name string, n int) string {
	return fmt.Sprintf("%s%s-%05d%s", folder, name, n, batchEnding)
}

// endIn returns the key of a walk's certificate, or of the end of a pass.
func endIn(folder, name string) string { return folder + name + ".json" }

func settlementsBatchKey(u schema.Unit, pass string, n int) string {
	return batchIn(accountIn(settlementsOf(u.Day), u.Account.ID), pass, n)
}

func passKey(u schema.Unit, pass string) string {
	return endIn(accountIn(settlementsOf(u.Day), u.Account.ID), pass)
}

func storesBatchKey(u schema.Unit, walk string, n int) string {
	return batchIn(accountIn(storesOf(u.Day), u.Account.ID), walk, n)
}

func listingKey(u schema.Unit, walk string) string {
	return endIn(accountIn(storesOf(u.Day), u.Account.ID), walk)
}

func callbacksBatchKey(received schema.Day, batch string) string {
	return callbacksOf(received) + batch + batchEnding
}

func quarantineKey(received schema.Day, batch string) string {
	return callbacksOf(received) + "quarantine/" + batch + batchEnding
}

func unreadableKey(u schema.UnreadableAnswer) string {
	day := fmt.Sprintf("archive/unreadable/bill_date=%s/", u.Unit.Day)
	return fmt.Sprintf("%s%s-%s%s", accountIn(day, u.Unit.Account.ID), u.Run, u.Kind, batchEnding)
}

// series is one walk or one pass.
type series struct {
	account    schema.AccountID
	withdrawID string // of a walk over the bills of a withdrawal
	name       string
}

// member is one object of a series: a batch, or what is stored after the last one.
type member struct {
	series
	batch int
	end   bool // the walk's certificate, or the end of the pass
}

// parseUnitKey parses a key below the folder of a day's bills, settlements, stores,
// withdrawals or withdrawn bills. It returns false for a foreign file.
func parseUnitKey(day, key string) (member, bool) {
	parts := unitObject.FindStringSubmatch(strings.TrimPrefix(key, day))
	if parts == nil || len(parts[1]) > schema.MaxAccountID || len(parts[2]) > schema.MaxPlainID || (parts[2] != "") != strings.HasPrefix(day, withdrawnBillsFolder) {
		return member{}, false
	}
	batch, _ := strconv.Atoi(parts[4])
	return member{series{schema.AccountID(parts[1]), parts[2], parts[3]}, batch, parts[4] == ""}, true
}

// parseWalkKey parses a key in the folder of a unit's walks. It returns false for a foreign
// file.
func parseWalkKey(folder, key string) (member, bool) {
	parts := walkObject.FindStringSubmatch(strings.TrimPrefix(key, folder))
	if parts == nil {
		return member{}, false
	}
	batch, _ := strconv.Atoi(parts[2])
	return member{series{name: parts[1]}, batch, parts[2] == ""}, true
}

// parseCallbacksKey returns the name of a batch of callbacks, or false for somebody
// else's file.
func parseCallbacksKey(received schema.Day, key string) (batch string, quarantined, ok bool) {
	parts := callbackBatch.FindStringSubmatch(strings.TrimPrefix(key, callbacksOf(received)))
	if parts == nil {
		return "", false, false
	}
	return parts[2], parts[1] != "", true
}

// parseReceived returns the day in the key of a batch of callbacks, or false.
func parseReceived(key string) (schema.Day, bool) {
	text, _, _ := strings.Cut(strings.TrimPrefix(key, callbacksFolder), "/")
	day, err := schema.ParseDay(text)
	return day, err == nil
}
