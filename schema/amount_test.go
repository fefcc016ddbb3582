package schema

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// presencePatterns returns amounts with every combination of total_commission and its parts
// present, each with a different signed value, and their commissions.
func presencePatterns(sign Fen) (bills []Amounts, commissions []Null[Fen]) {
	for pattern := range 1 << 6 {
		var a Amounts
		a[TotalOperationAgent], a[LedgerTotal] = Some(sign*10_000), Some(sign*99)
		sum, usual := Fen(0), false
		for i, part := range []Amount{TalentCommission, TotalAgentMerchant, BrokerCommission, ClerkCommission, MallStoreGoods} {
			if pattern&(1<<i) != 0 {
				a[part] = Some(sign << i)
				sum, usual = sum+sign<<i, usual || i < 4
			}
		}
		want := Null[Fen]{V: sum, Valid: usual}
		if pattern&(1<<5) != 0 {
			a[TotalCommission] = Some(sign * 77)
			want = a[TotalCommission]
		}
		if !want.Valid {
			want.V = 0
		}
		bills, commissions = append(bills, a), append(commissions, want)
	}
	return bills, commissions
}

// TestCommissions: the total, else the present parts, if one of them is not the mall's.
func TestCommissions(t *testing.T) {
	t.Parallel()
	for _, sign := range []Fen{1, -1} {
		bills, want := presencePatterns(sign)
		for i, a := range bills {
			if got, err := Total(a.Commissions()...); err != nil || got != want[i] {
				t.Errorf("%v, %v, want %v of %v", got, err, want[i], a)
			}
		}
	}
	var a Amounts
	a[ClerkCommission], a[MallStoreGoods] = Some(Fen(math.MaxInt64)), Some(Fen(1))
	if _, err := Total(a.Commissions()...); !errors.Is(err, ErrOverflow) {
		t.Errorf("overflow: %v", err)
	}
}

// TestCommissionsInSQL: reconcile.sql has the same rule.
func TestCommissionsInSQL(t *testing.T) {
	t.Parallel()
	sql, want := ".headers off\n.nullvalue NULL\n"+emptyTables(), ""
	for _, sign := range []Fen{1, -1} {
		bills, commissions := presencePatterns(sign)
		for i, a := range bills {
			key := fmt.Sprintf("%+d/%02d", sign, i)
			columns, values := "", ""
			for _, amount := range append([]Amount{LedgerTotal, TotalCommission, TotalOperationAgent}, CommissionParts...) {
				columns, values = columns+", "+amount.Column(), values+", "+orNULL(a[amount])
			}
			sql += fmt.Sprintf("INSERT INTO bills (bill_date, walk_account_id, account_id, ledger_id, settle_type, shop_order_id%s) VALUES ('2026-11-01', 'A', '9', '%s', 1, '%s'%s);\n",
				columns, key, key, values)
			want += key + "|" + orNULL(commissions[i]) + "\n"
		}
	}
	sql += reconcileSQL(0, 2, true, []Match{byOrder}) + "SELECT group_key, billed_commission_fen FROM reconciled ORDER BY left(group_key, 2), group_key;"
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(duckDB(t, "-list", sql), "\n")); diff != "" {
		t.Errorf("commissions (-want +SQL):\n%s", diff)
	}
}

func orNULL(v Null[Fen]) string {
	if !v.Valid {
		return "NULL"
	}
	return fmt.Sprint(int64(v.V))
}
