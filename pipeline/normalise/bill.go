package normalise

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"billwalk/pipeline/mend"
	"billwalk/schema"
)

// Provenance is the walk and the answer that a record comes from.
type Provenance struct {
	Walk       schema.AccountID // the configured account
	Root       bool             // the account is a root account, walked with all its stores
	Day        schema.Day
	LogID      string
	FetchedAt  time.Time
	ArchiveKey string
}

// Row is a bill, with the exceptions of its record.
type Row struct {
	Bill       schema.Bill
	Exceptions []schema.Exception
	Outcomes   Outcomes
}

// Normaliser turns records into rows.
type Normaliser struct {
	Code CodePolicy // nil drops coupon codes
}

// Row returns the record's bill and exceptions. Every record has a bill, whatever the
// exceptions.
func (n Normaliser) Row(r Record, from Provenance) Row {
	row := Row{Bill: n.bill(&r, from)}
	c := checker{findings: (*findings)(&row.Exceptions), row: &row, record: &r, from: &from}
	c.texts(r.badText, r.Raw)
	c.ids()
	c.payee()
	c.negatives()
	c.setDirection()
	c.settleTime()
	c.enums()
	c.identities()
	if len(row.Exceptions) > 0 {
		record := n.redact(r)
		for i := range row.Exceptions {
			n.describe(&row.Exceptions[i], &row.Bill, record)
		}
	}
	return row
}

// Conflict returns the exception for a record whose key another record has with different
// content. Both stay in the table, and the other counts.
func (n Normaliser) Conflict(r Record, from Provenance) schema.Exception {
	bill := n.bill(&r, from)
	e := schema.Exception{
		Rule: schema.RuleDuplicateConflict, Severity: schema.RuleDuplicateConflict.Severity(),
		Detail: fmt.Sprintf("the same bill (settle_type %d) was received with different content; both rows are kept, and the other one counts", bill.SettleType),
	}
	n.describe(&e, &bill, n.redact(r))
	return e
}

// OtherVersion returns the exception for a record of a root account's walk whose bill the
// payee's own walk, of another run, has with different content.
func (n Normaliser) OtherVersion(r Record, from Provenance) schema.Exception {
	e := n.Conflict(r, from)
	e.Severity = schema.SeverityWarning
	e.Detail = "the account's own walk, of another night, has this bill with other content, and counts; this is what the walk of its root account has"
	return e
}

// describe adds the bill and its record to an exception.
func (n Normaliser) describe(e *schema.Exception, bill *schema.Bill, record string) {
	e.AccountID, e.LedgerID = schema.Some(bill.AccountID), schema.Some(bill.LedgerID)
	e.ShopOrderID = bill.ShopOrderID
	e.Record, e.ArchiveKey = schema.Some(record), schema.Some(bill.ArchiveKey)
}

// bill returns the record as a bill whose amounts have no sign yet.
func (n Normaliser) bill(r *Record, from Provenance) schema.Bill {
	w, key := &r.wire, r.Key()
	b := schema.Bill{
		AccountID: key.AccountID, LedgerID: key.LedgerID, WalkAccountID: from.Walk,
		ShopOrderID: w.ShopOrderID.Null, ItemOrderID: w.ItemOrderID.Null, OrderExtID: w.OrderExtID.Null,
		CertificateID: w.CertificateID.Null, VerifyID: w.VerifyID.Null,
		PoiID: w.PoiID.Null, VerifyPoiAccountID: w.VerifyPoiAccountID.Null,
		SkuID: w.SkuID.Null, GroupName: w.GroupName.Null, Code: n.code(w.Code.Null),
		SettleType: key.SettleType, SettleTypeDesc: w.SettleTypeDesc.Null, SettleSubType: key.SettleSubType,
		Amounts: r.Amounts(), Extra: w.extra(),
		FetchedAt: from.FetchedAt, ArchiveKey: from.ArchiveKey,
	}
	b.BizType, _ = w.BizType.int32()
	if !b.BizType.Valid {
		b.BizType = r.BizType
	}
	b.FundAmountType, _ = w.FundAmountType.int32()
	if from.LogID != "" {
		b.LogID = schema.Some(from.LogID)
	}
	return b
}

// extra returns the unknown members of the record as a JSON object ordered by name, those
// of its amounts under "amount".
func (r *record) extra() schema.Null[string] {
	if r.Unknown == nil && r.Amount.unknown == nil {
		return schema.Null[string]{}
	}
	members := struct {
		Amount jsontext.Value `json:"amount,omitzero"`
		Record jsontext.Value `json:",embed"`
	}{mend.Text(r.Amount.unknown), mend.Text(r.Unknown)}
	object, err := json.Marshal(members)
	if err == nil {
		err = (*jsontext.Value)(&object).Format(canonically...)
	}
	if err != nil {
		// Its parts were decoded from valid JSON.
		panic("normalise: extra is not JSON: " + err.Error())
	}
	return schema.Some(string(object))
}
