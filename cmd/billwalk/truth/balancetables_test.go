package truth

import (
	"fmt"
	"slices"
	"strings"

	"billwalk/pipeline/douyin/sandbox"
	"billwalk/schema"
	"billwalk/schema/sql"
)

// balanceTruth is what a platform knows of its bills' money, and of its withdrawals.
type balanceTruth struct {
	states      []sandbox.BillState
	again       []sandbox.BillState // bills that a later day has as well: they count where they were first
	withdrawals []sandbox.Withdrawal
}

// tables returns the SQL of the tables that a lake has of it, as far as balances need them.
func (b *balanceTruth) tables() string {
	var bills, withdrawals, listed, unknown []string
	for _, s := range append(slices.Clone(b.states), b.again...) {
		fen := fmt.Sprint(s.Fen)
		if s.State == sandbox.BillNotWithdrawable {
			fen = "NULL"
		}
		bills = append(bills, fmt.Sprintf("('%s', '%s', '%s', '%s', %d, NULLIF(%d, 0), %s, NULL, NULL)", s.Day, s.Account, s.Account, s.LedgerID, s.SettleType, s.SettleSubType, fen))
	}
	for _, w := range b.withdrawals {
		withdrawals = append(withdrawals, fmt.Sprintf("('%s', '%s', '%s', %d, '%s', '%s')", w.Day, w.Account, w.ID, w.Amount, w.Verdict, w.LaunchTime.UTC().Format("2006-01-02 15:04:05+00")))
		for _, bill := range w.Bills {
			if w.Verdict != "tied" && w.Verdict != "mismatched" {
				continue // the bills of others are not asked for
			}
			billedOn := "NULL"
			if bill.InBills {
				billedOn = "'" + bill.Day.String() + "'"
			}
			listed = append(listed, fmt.Sprintf("('%s', '%s', '%s', '%s', %d, NULLIF(%d, 0), %s, %s, %s)", w.Day, w.Account, w.ID, bill.LedgerID, bill.SettleType, bill.SettleSubType, fenSQL(bill.FundAmount), fenSQL(bill.Goods), billedOn))
			if !bill.InBills && !bill.Before {
				unknown = append(unknown, fmt.Sprintf("('%s', '%s', 'withdrawn_not_in_bills')", w.Day, bill.LedgerID))
			}
		}
	}
	table := func(name, columns string, rows []string) string {
		text := "CREATE TABLE " + name + " (bill_date DATE, " + columns + ");\n"
		for some := range slices.Chunk(rows, 1000) {
			text += "INSERT INTO " + name + " VALUES\n" + strings.Join(some, ",\n") + ";\n"
		}
		return text
	}
	return table("bills", "account_id VARCHAR, walk_account_id VARCHAR, ledger_id VARCHAR, settle_type INTEGER, settle_sub_type INTEGER, fund_amount_fen BIGINT, goods_fen BIGINT, counted BOOLEAN", bills) +
		table("withdrawals", "account_id VARCHAR, withdraw_id VARCHAR, amount_fen BIGINT, verdict VARCHAR, launch_time TIMESTAMPTZ", withdrawals) +
		table("withdrawn_bills", "account_id VARCHAR, withdraw_id VARCHAR, ledger_id VARCHAR, settle_type INTEGER, settle_sub_type INTEGER, fund_amount_fen BIGINT, goods_fen BIGINT, billed_on VARCHAR", listed) +
		"CREATE TABLE stores (account_id VARCHAR, account_name VARCHAR, fetched_at TIMESTAMPTZ); CREATE TABLE units (account VARCHAR, name VARCHAR, day DATE);\n" +
		table("exceptions", "ledger_id VARCHAR, rule VARCHAR", unknown)
}

// repeat has some of the bills on a later day as well, with another amount.
func (b *balanceTruth) repeat(last schema.Day) {
	for i, s := range b.states {
		if i%5 == 0 && s.Day < last {
			s.Day, s.Fen = min(last, s.Day+1+schema.Day(i%4)), s.Fen+1
			b.again = append(b.again, s)
		}
	}
}

func fenSQL(fen *int64) string {
	if fen == nil {
		return "NULL"
	}
	return fmt.Sprint(*fen)
}

// balanceViews returns the views of balances, for tables that are there already.
func balanceViews() string {
	_, views, _ := strings.Cut(schema.DuckDB("lake", schema.OptionalTables()...), "\n-- What waits in the accounts")
	views, _, _ = strings.Cut("--"+views, "\n-- ")
	query, _ := sql.Saved("balance", sql.Settings{})
	return views + ";CREATE TEMP TABLE balance AS " + query
}

// balanceQueries prints the lines that balanceLine and stateLines return. Accounts of which
// the tables have nothing are in no view.
const balanceQueries = `
.headers off
SELECT concat_ws('|', bill_date, account_id, opening_fen, in_fen, out_fen, withdrawn_fen, closing_fen, bills_withdrawn, bills_waiting, bills_not_withdrawable, waiting_fen, unexplained_fen) FROM balances;
SELECT concat_ws('|', bill_date, account_id, ledger_id, settle_type, settle_sub_type, COALESCE(amount_fen, 0), state) FROM bill_states;
SELECT 'a row does not roll forward' FROM balance WHERE opening_yuan + in_yuan - out_yuan - withdrawn_yuan <> closing_yuan
	OR waiting_yuan <> waiting_0_1_yuan + waiting_2_7_yuan + waiting_8_30_yuan + waiting_31_up_yuan OR bill_date IS NULL AND closing_yuan + unexplained_yuan <> waiting_yuan;
SELECT 'a day is not its accounts' FROM balance WHERE bill_date IS NOT NULL GROUP BY bill_date
	HAVING sum(CASE WHEN account_id IS NULL THEN -1 ELSE 1 END * opening_yuan) <> 0 OR sum(CASE WHEN account_id IS NULL THEN -1 ELSE 1 END * closing_yuan) <> 0
		OR sum(CASE WHEN account_id IS NULL THEN -1 ELSE 1 END * waiting_yuan) <> 0;
SELECT 'an account is not its days' FROM balance GROUP BY account_id
	HAVING sum(CASE WHEN bill_date IS NULL THEN -1 ELSE 1 END * in_yuan) <> 0 OR sum(CASE WHEN bill_date IS NULL THEN -1 ELSE 1 END * withdrawn_yuan) <> 0
		OR sum(CASE WHEN bill_date IS NULL THEN -1 ELSE 1 END * unexplained_yuan) <> 0;
SELECT 'the view for people has other sums' FROM 余额调节 HAVING sum("入账(元)" - "出账(元)" - "提现(元)") <> (SELECT in_yuan - out_yuan - withdrawn_yuan FROM balance WHERE bill_date IS NULL AND account_id IS NULL)
	OR sum("当日账单待提现(元)") <> (SELECT waiting_yuan FROM balance WHERE bill_date IS NULL AND account_id IS NULL);
DELETE FROM withdrawals;
SELECT 'without withdrawals: ' || count(*) FROM balances HAVING count(*) > 0;
`

func (b *balanceTruth) balanceLines(all []sandbox.Balance) (lines []string) {
	seen := make(map[schema.AccountID]bool)
	for _, s := range b.states {
		seen[s.Account] = true
	}
	for _, w := range b.withdrawals {
		seen[w.Account] = true
	}
	for _, r := range all {
		if seen[r.Account] {
			lines = append(lines, fmt.Sprintf("%s|%s|%d|%d|%d|%d|%d|%d|%d|%d|%d|%d", r.Day, r.Account, r.Opening, r.In, r.Out, r.Withdrawn, r.Closing,
				r.BillsWithdrawn, r.BillsWaiting, r.BillsUnknown, r.WaitingFen, r.Unexplained))
		}
	}
	return lines
}

func (b *balanceTruth) stateLines() (lines []string) {
	for _, s := range b.states {
		lines = append(lines, fmt.Sprintf("%s|%s|%s|%d|%d|%d|%s", s.Day, s.Account, s.LedgerID, s.SettleType, s.SettleSubType, s.Fen, s.State))
	}
	return lines
}
