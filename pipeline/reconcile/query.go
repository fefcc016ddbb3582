package reconcile

import (
	"slices"

	"billwalk/schema"
)

// Queries returns the settle queries for the forward bills of one order on one day:
// one for each match rule that has a value, in the order of the rules. Of several
// values it takes the smallest.
func (r *Rules) Queries(bills []Bill) []schema.Query {
	return r.AppendQueries(make([]schema.Query, 0, len(r.Match)), bills)
}

// AppendQueries appends what Queries returns.
func (r *Rules) AppendQueries(queries []schema.Query, bills []Bill) []schema.Query {
	for _, m := range r.Match {
		value := ""
		for i := range bills {
			if v := bills[i].Value(m); v != "" && (value == "" || v < value) {
				value = v
			}
		}
		if value != "" {
			queries = append(queries, schema.Query{Match: m, Value: value})
		}
	}
	return queries
}

// QueriesFor returns the queries that find a settlement, one for each match rule; those by an id that
// it does not have have an empty value.
func (r *Rules) QueriesFor(s *schema.Settlement) []schema.Query {
	queries := make([]schema.Query, len(r.Match))
	for i, m := range r.Match {
		queries[i] = schema.Query{Match: m, Value: idOf(s, m.Parameter)}
	}
	return queries
}

// Matches reports whether the query may be one for the bill.
func (b *Bill) Matches(q schema.Query) bool { return b.Value(q.Match) == q.Value }

// Value returns the bill's value for the match rule, "" if it is absent or longer than
// the settle query accepts. Normalising has reported such an id.
func (b *Bill) Value(m schema.Match) string {
	if id := b.id(m); len(id) <= schema.MaxQueryID {
		return id
	}
	return ""
}

func (b *Bill) id(m schema.Match) string {
	switch m.Column {
	case "shop_order_id":
		return b.ShopOrderID
	case "item_order_id":
		return b.ItemOrderID
	case "order_ext_id":
		return b.OrderExtID
	case "certificate_id":
		return b.CertificateID
	case "verify_id":
		return b.VerifyID
	}
	panic("reconcile: no match rule can use column " + m.Column)
}

// canQuery reports whether some match rule has a value in the bill.
func (r *Rules) canQuery(b *Bill) bool {
	return slices.ContainsFunc(r.Match, func(m schema.Match) bool { return b.Value(m) != "" })
}

// Columns returns the columns of the table bills that NewBill uses, certificate_id and
// verify_id only if a match rule uses them.
func (r *Rules) Columns() []string {
	columns := []string{
		"account_id", "ledger_id", "walk_account_id", "shop_order_id", "item_order_id", "order_ext_id", "settle_type", "settle_sub_type",
	}
	for _, m := range r.Match {
		if !slices.Contains(columns, m.Column) {
			columns = append(columns, m.Column)
		}
	}
	for _, a := range []schema.Amount{schema.LedgerTotal, schema.TotalMerchantPlatformService, schema.TotalCommission, schema.Goods} {
		columns = append(columns, a.Column())
	}
	for _, a := range schema.CommissionParts {
		columns = append(columns, a.Column())
	}
	return columns
}
