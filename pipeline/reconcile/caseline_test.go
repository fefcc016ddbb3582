package reconcile_test

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"billwalk/schema"
)

// parseBill reads "DAY ACCOUNT LEGS [NAME=VALUE …]".
func parseBill(line string, number int) (b dated[schema.Bill], err error) {
	words, options := splitOptions(line)
	if len(words) != 3 {
		return b, fmt.Errorf("want day, account and amounts")
	}
	if b.day, err = parseDay(words[0]); err != nil {
		return b, err
	}
	legs, err := parseLegs(words[2])
	if err != nil {
		return b, err
	}
	b.row = schema.Bill{
		AccountID: "9", WalkAccountID: schema.AccountID(words[1]), LedgerID: fmt.Sprintf("l%d", number),
		ShopOrderID: schema.Some("K"), SettleType: 1,
	}
	amounts := &b.row.Amounts
	amounts[schema.LedgerTotal], amounts[schema.TotalMerchantPlatformService] = legs[schema.LegTotal], legs[schema.LegFee]
	amounts[schema.TotalCommission], amounts[schema.Goods] = legs[schema.LegCommission], legs[schema.LegNet]
	for name, value := range options {
		switch name {
		case "ledger":
			b.row.LedgerID = value
		case "account":
			b.row.AccountID = value
		case "order":
			b.row.ShopOrderID = parseID(value)
		case "ext":
			b.row.OrderExtID = parseID(value)
		case "item":
			b.row.ItemOrderID = parseID(value)
		case "cert":
			b.row.CertificateID = parseID(value)
		case "verify":
			b.row.VerifyID = parseID(value)
		case "counted":
			b.row.Counted = schema.Some(value != "no")
		case "type":
			b.row.SettleType, err = parseInt32(value)
		case "sub":
			b.row.SettleSubType.Valid = true
			b.row.SettleSubType.V, err = parseInt32(value)
		case "parts":
			err = parseParts(value, amounts)
		default:
			err = fmt.Errorf("unknown option %s", name)
		}
		if err != nil {
			return b, err
		}
	}
	return b, nil
}

// parseParts reads the five parts of the commission.
func parseParts(value string, amounts *schema.Amounts) error {
	parts := strings.Split(value, ",")
	order := []schema.Amount{schema.TalentCommission, schema.TotalAgentMerchant, schema.BrokerCommission, schema.ClerkCommission, schema.MallStoreGoods}
	if len(parts) != len(order) {
		return fmt.Errorf("got %d parts of the commission, want %d", len(parts), len(order))
	}
	for i, part := range parts {
		v, err := parseFen(part)
		if err != nil {
			return err
		}
		amounts[order[i]] = v
	}
	return nil
}

// parseSettlement reads "ID STATUS LEGS [NAME=VALUE …]".
func parseSettlement(line string) (s caseSettlement, err error) {
	words, options := splitOptions(line)
	if len(words) != 3 {
		return s, fmt.Errorf("want id, status and amounts")
	}
	legs, err := parseLegs(words[2])
	if err != nil {
		return s, err
	}
	s.owner = "K"
	s.row = schema.Settlement{
		SettleID: words[0], Status: schema.Status(words[1]), OrderID: schema.Some("K"),
		Source: schema.SourceQuery, AskedBy: schema.Some("order_id: shop_order_id"),
		Amount: legs[schema.LegTotal], Rake: legs[schema.LegFee], Commission: legs[schema.LegCommission], SharesTotal: legs[schema.LegNet],
	}
	if order, ok := options["order"]; ok {
		s.owner, s.row.OrderID = order, parseID(order)
	}
	if out, ok := options["out"]; ok {
		s.row.OutOrderNo, s.row.AskedBy = parseID(out), schema.Some("out_order_no: order_ext_id")
	}
	for name, value := range options {
		switch name {
		case "order", "out":
		case "item":
			s.row.ItemOrderID = parseID(value)
		case "source":
			s.row.Source = schema.Source(value)
		case "asked":
			s.row.AskedBy = schema.Some(strings.Replace(value, ":", ": ", 1))
		case "at":
			s.row.SettleTime, err = parseTime(value)
		case "on":
			s.day.Valid = true
			s.day.V, err = parseDay(value)
		case "owner":
			s.owner = value
		case "found":
			s.found = strings.Split(value, ",")
		default:
			err = fmt.Errorf("unknown option %s", name)
		}
		if err != nil {
			return s, err
		}
	}
	if s.owner == ownerNone {
		s.row.AskedBy = schema.Null[string]{}
	}
	return s, nil
}

func splitOptions(line string) (words []string, options map[string]string) {
	options = make(map[string]string)
	for word := range strings.FieldsSeq(line) {
		if name, value, ok := strings.Cut(word, "="); ok {
			options[name] = value
		} else {
			words = append(words, word)
		}
	}
	return words, options
}

// parseID reads an id, of which - is NULL and two quotes are empty.
func parseID(value string) schema.Null[string] {
	switch value {
	case "-":
		return schema.Null[string]{}
	case "''":
		return schema.Some("")
	}
	return schema.Some(value)
}

func parseInt32(value string) (int32, error) {
	v, err := strconv.ParseInt(value, 10, 32)
	return int32(v), err
}

func parseDay(value string) (schema.Day, error) {
	v, err := parseInt32(value)
	return schema.Day(v), err
}

// parseTime reads a day, meaning its noon, or a day and a time of day: 1T05:00.
func parseTime(value string) (schema.Null[time.Time], error) {
	number, clock, ok := strings.Cut(value, "T")
	if !ok {
		clock = "12:00"
	}
	day, err := parseDay(number)
	if err != nil {
		return schema.Null[time.Time]{}, err
	}
	at, err := time.Parse("15:04", clock)
	if err != nil {
		return schema.Null[time.Time]{}, err
	}
	return schema.Some(day.Start().Add(time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute).UTC()), nil
}

// parseLegs reads total/fee/commission/net. A total alone is all net, and - alone
// is all NULL.
func parseLegs(value string) (legs schema.Legs, err error) {
	words := strings.Split(value, "/")
	switch {
	case value == "-":
		return legs, nil
	case len(words) == 1:
		words = []string{value, "0", "0", value}
	case len(words) != len(legs):
		return legs, fmt.Errorf("got %d amounts in %s, want %d", len(words), value, len(legs))
	}
	for leg, word := range words {
		if legs[leg], err = parseFen(word); err != nil {
			return legs, err
		}
	}
	return legs, nil
}

func parseFen(value string) (schema.Null[schema.Fen], error) {
	if value == "-" {
		return schema.Null[schema.Fen]{}, nil
	}
	v, err := strconv.ParseInt(value, 10, 64)
	return schema.Some(schema.Fen(v)), err
}
