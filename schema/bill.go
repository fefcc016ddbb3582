package schema

import "time"

// Bill is one ledger record of the bill API (餐饮账单详情查询,
// goodlife/v1/settle/bill/catering_query), amounts signed by Direction.
type Bill struct {
	AccountID          string
	LedgerID           string
	WalkAccountID      AccountID
	BizType            Null[int32]
	ShopOrderID        Null[string]
	ItemOrderID        Null[string]
	OrderExtID         Null[string]
	CertificateID      Null[string]
	VerifyID           Null[string]
	PoiID              Null[string]
	VerifyPoiAccountID Null[string]
	SkuID              Null[string]
	GroupName          Null[string]
	Code               Null[string]
	SettleType         int32
	SettleTypeDesc     Null[string]
	SettleSubType      Null[int32]
	SettleTime         Null[time.Time]
	Direction          Null[int32] // +1 to the merchant, -1 from it
	Amounts            Amounts
	FundAmountType     Null[int32]
	Extra              Null[string]
	LogID              Null[string]
	FetchedAt          time.Time
	ArchiveKey         string
}

// BillKey is what makes a bill the same bill in two answers.
type BillKey struct {
	AccountID     string
	LedgerID      string
	SettleType    int32
	SettleSubType Null[int32]
}

// Key returns the bill's key.
func (b *Bill) Key() BillKey {
	return BillKey{b.AccountID, b.LedgerID, b.SettleType, b.SettleSubType}
}

// Bills is the table bills: one row per ledger record.
var Bills = Table[Bill]{
	Name:   "bills",
	Doc:    "One row per ledger record of the bill API; key account_id, ledger_id, settle_type, settle_sub_type.",
	Fields: billFields(),
}

func billFields() []Field[Bill] {
	fields := []Field[Bill]{
		text(Column{Name: "account_id", Source: "account_id", Required: true, Layout: Ordered, Doc: "the account that is paid (head office or store)"},
			func(b *Bill) Null[string] { return Some(b.AccountID) }),
		text(Column{Name: "ledger_id", Source: "ledger_id", Required: true, Layout: Ordered, Doc: "bill id"},
			func(b *Bill) Null[string] { return Some(b.LedgerID) }),
		text(Column{Name: "walk_account_id", Required: true, Doc: "the configured account whose walk found the bill"},
			func(b *Bill) Null[string] { return Some(string(b.WalkAccountID)) }),
		int32s(Column{Name: "biz_type", Source: "biz_type", Doc: "1 group buying (团购), 3 paying the check (买单), 5 ordering (点单)"},
			func(b *Bill) Null[int32] { return b.BizType }),
		text(Column{Name: "shop_order_id", Source: "shop_order_id", Layout: Distinct, Doc: "order id at shop level"},
			func(b *Bill) Null[string] { return b.ShopOrderID }),
		text(Column{Name: "item_order_id", Source: "item_order_id", Layout: Distinct, Doc: "order id at item level"},
			func(b *Bill) Null[string] { return b.ItemOrderID }),
		text(Column{Name: "order_ext_id", Source: "order_ext_id", Layout: Distinct, Doc: "the merchant's own order id"},
			func(b *Bill) Null[string] { return b.OrderExtID }),
		text(Column{Name: "certificate_id", Source: "certificate_id", Layout: Distinct, Doc: "coupon id (not unique per bill)"},
			func(b *Bill) Null[string] { return b.CertificateID }),
		text(Column{Name: "verify_id", Source: "verify_id", Layout: Distinct, Doc: "verification (核销) id (not unique per bill)"},
			func(b *Bill) Null[string] { return b.VerifyID }),
		text(Column{Name: "poi_id", Source: "poi_id", Doc: "store where the coupon was verified; empty for account-level bills"},
			func(b *Bill) Null[string] { return b.PoiID }),
		text(Column{Name: "verify_poi_account_id", Source: "verify_poi_account_id", Doc: "account of that store; not always the account that is paid"},
			func(b *Bill) Null[string] { return b.VerifyPoiAccountID }),
		text(Column{Name: "sku_id", Source: "sku_id", Doc: "product id"},
			func(b *Bill) Null[string] { return b.SkuID }),
		text(Column{Name: "group_name", Source: "group_name", Doc: "product name, any text"},
			func(b *Bill) Null[string] { return b.GroupName }),
		text(Column{Name: "code", Source: "code", Layout: Distinct, Doc: "coupon code: kept, HMAC-SHA256 in hex, or NULL, as the job says"},
			func(b *Bill) Null[string] { return b.Code }),
		int32s(Column{Name: "settle_type", Source: "settle_type", Required: true, Doc: "1 forward, 2 refund, 3 refund fee, 4 merchant's debt, 5 overdue invoice"},
			func(b *Bill) Null[int32] { return Some(b.SettleType) }),
		text(Column{Name: "settle_type_desc", Source: "settle_type_desc", Doc: "the platform's words for settle_type"},
			func(b *Bill) Null[string] { return b.SettleTypeDesc }),
		int32s(Column{Name: "settle_sub_type", Source: "settle_sub_type", Doc: "21-28, 30-33: freeze, unfreeze, deduct, claim"},
			func(b *Bill) Null[int32] { return b.SettleSubType }),
		timestamp(Column{Name: "settle_time", Source: "settle_time", Doc: "verification time of a forward bill, else the bill's creation"},
			func(b *Bill) Null[time.Time] { return b.SettleTime }),
		int32s(Column{Name: "direction", Doc: "+1 to the merchant, -1 from it, NULL unknown (then all amounts are NULL)"},
			func(b *Bill) Null[int32] { return b.Direction }),
	}
	for a := range AmountCount {
		fields = append(fields, fen(Column{Name: a.Column(), Source: a.source(), Layout: Distinct, Doc: amounts[a].doc},
			func(b *Bill) Null[Fen] { return b.Amounts[a] }))
	}
	return append(fields,
		int32s(Column{Name: "fund_amount_type", Source: "fund_amount_type", Doc: "0 in (入账), 1 out (出账)"},
			func(b *Bill) Null[int32] { return b.FundAmountType }),
		text(Column{Name: "extra", Layout: Distinct, Doc: "JSON of the fields that this version does not know; NULL when none"},
			func(b *Bill) Null[string] { return b.Extra }),
		text(Column{Name: "logid", Source: "extra.logid", Doc: "the platform's id of the answer"},
			func(b *Bill) Null[string] { return b.LogID }),
		timestamp(Column{Name: "fetched_at", Required: true, Doc: "when the answer was received"},
			func(b *Bill) Null[time.Time] { return Some(b.FetchedAt) }),
		text(Column{Name: "archive_key", Required: true, Doc: "the archive object that holds the raw record"},
			func(b *Bill) Null[string] { return Some(b.ArchiveKey) }),
	)
}
