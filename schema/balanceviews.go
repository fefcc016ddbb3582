package schema

import "strings"

// accountNames is the view of the newest name of each account.
func accountNames(d Dialect) sqlView {
	names := "SELECT account_id, max_by(account_name, fetched_at) AS listed, CAST(NULL AS " + d.text() + ") AS configured FROM stores GROUP BY account_id" +
		"\n  UNION ALL\n  SELECT account, NULL, max_by(name, day) FROM units GROUP BY account"
	return sqlView{
		name: "account_names", doc: "每个账户的名称：门店列表中最新的，没有则取账户清单中的 / The name of each account: the newest that the lists of stores have, else that of the list of accounts.",
		columns: []viewColumn{
			{"account_id", "account_id", "账户 / the account"},
			{"COALESCE(max(listed), max(configured))", "name", "名称 / its name"},
		},
		from: "FROM (\n  " + names + "\n) AS named\nGROUP BY account_id",
	}
}

// billStates is the view of where the money of each bill is.
var billStates = sqlView{
	name: "bill_states", doc: "每条计入的账单一行：钱在哪里。几天都有的账单，只算最早一天 / One row per bill that counts: where its money is. Of a bill that several days have, the first day counts.",
	columns: []viewColumn{
		{"b.bill_date", "bill_date", "账单日 / the day"},
		{"b.account_id", "account_id", "收款账户 / the account that is paid"},
		{"b.walk_account_id", "walk_account_id", "配置的账户 / the configured account"},
		{"b.ledger_id", "ledger_id", "账单 ID / the bill"},
		{"b.settle_type", "settle_type", "同 bills / as bills has it"},
		{"b.settle_sub_type", "settle_sub_type", "同 bills；没有则为 0 / as bills has it; 0 for none"},
		{"b.amount_fen", "amount_fen", "计入余额的金额，带符号：fund_amount_fen，为 NULL 则取 goods_fen；方向不明则为 NULL / what it adds to the account's balance: fund_amount_fen, or goods_fen where that is NULL; NULL where the direction is unknown; signed fen"},
		{"CASE WHEN b.amount_fen IS NULL THEN 'not_withdrawable' WHEN p.ledger_id IS NULL THEN 'waiting' ELSE 'withdrawn' END", "state",
			"withdrawn 已提现（已到账的提现列有它）、waiting 待提现、not_withdrawable 不可提现（收支方向不明） / withdrawn (a withdrawal that is paid lists it), waiting, or not_withdrawable (its direction is unknown)"},
	},
	with: `WITH paid AS (
  SELECT DISTINCT b.ledger_id, b.settle_type, COALESCE(b.settle_sub_type, 0) AS settle_sub_type
  FROM withdrawn_bills AS b JOIN withdrawals AS w ON w.bill_date = b.bill_date AND w.account_id = b.account_id AND w.withdraw_id = b.withdraw_id
  WHERE w.verdict IN ('tied', 'mismatched')
),
bill AS ( -- of a bill that several days have, the first
  SELECT * FROM (
    SELECT
      bill_date, account_id, walk_account_id, ledger_id, settle_type, COALESCE(settle_sub_type, 0) AS settle_sub_type,
      COALESCE(fund_amount_fen, goods_fen) AS amount_fen,
      row_number() OVER (PARTITION BY account_id, ledger_id, settle_type, COALESCE(settle_sub_type, 0) ORDER BY bill_date, walk_account_id) AS place
    FROM bills
    WHERE COALESCE(counted, true)
  ) AS every_day
  WHERE place = 1
)
`,
	from: "FROM bill AS b LEFT JOIN paid AS p ON p.ledger_id = b.ledger_id AND p.settle_type = b.settle_type AND p.settle_sub_type = b.settle_sub_type",
}

// balances is the view of what waits in the accounts. Where no day has a bill that a withdrawal
// pays, and no exception says so, the bill is of a day before the first.
var balances = sqlView{
	name: "balances",
	doc:  "每个收款账户每天一行：期初 + 入账 - 出账 - 提现 = 期末，即次日期初。没有已发布的提现时没有行 / One row per payee and day: opening_fen + in_fen - out_fen - withdrawn_fen = closing_fen, the opening_fen of the day after. No rows where no withdrawals are published.",
	columns: []viewColumn{
		{"bill_date", "bill_date", "账单日 / the day"},
		{"account_id", "account_id", "收款账户 / the account that is paid"},
		{"closing_fen - in_fen + out_fen + withdrawn_fen", "opening_fen", "期初：当日之前待提现的；最早一天为之后的提现所付的更早账单 / what waited before the day; of the first day, what withdrawals pay of earlier bills"},
		{"in_fen", "in_fen", "入账：当日收入的账单 / the day's bills to the merchant"},
		{"out_fen", "out_fen", "出账：当日支出的账单，不带负号 / the day's bills from the merchant, without a sign"},
		{"withdrawn_fen", "withdrawn_fen", "当日发起、已到账的提现，含手动提现 / the withdrawals that were launched on the day and are paid, those by hand included"},
		{"closing_fen", "closing_fen", "期末待提现 / what waits to be withdrawn"},
		{"bills_withdrawn", "bills_withdrawn", "当日账单中已提现的条数 / how many of the day's bills are withdrawn"},
		{"bills_waiting", "bills_waiting", "当日账单中待提现的条数 / how many of them wait"},
		{"bills_not_withdrawable", "bills_not_withdrawable", "当日账单中收支方向不明的条数 / how many of them have an unknown direction"},
		{"waiting_fen", "waiting_fen", "当日账单中至今待提现的 / what still waits of the day's bills"},
		{"unexplained_fen", "unexplained_fen",
			"当日提现多于其账单之数，手动提现为全额。末日期末加这些即 waiting_fen 之和 / by how much the day's withdrawals are more than their bills; by hand, all of it. The last closing_fen and all of these are the sum of waiting_fen"},
	},
	with: strings.ReplaceAll(balancesWith, "$NOT_IN_BILLS", quoteSQL(string(RuleWithdrawnNotInBills))),
	from: "FROM rolled",
}

const balancesWith = `WITH listed AS ( -- by the withdrawals that are paid; of a bill that two of them list, the first
  SELECT * FROM (
    SELECT
      b.bill_date, b.account_id, b.ledger_id, b.settle_type, COALESCE(b.settle_sub_type, 0) AS settle_sub_type,
      COALESCE(b.fund_amount_fen, b.goods_fen) AS amount_fen,
      row_number() OVER (
        PARTITION BY b.ledger_id, b.settle_type, COALESCE(b.settle_sub_type, 0)
        ORDER BY b.bill_date, w.launch_time, b.account_id, b.withdraw_id) AS place
    FROM withdrawn_bills AS b JOIN withdrawals AS w ON w.bill_date = b.bill_date AND w.account_id = b.account_id AND w.withdraw_id = b.withdraw_id
    WHERE w.verdict IN ('tied', 'mismatched')
  ) AS every_listed
  WHERE place = 1
),
unknown_bill AS (
  SELECT DISTINCT bill_date, ledger_id FROM exceptions WHERE rule = $NOT_IN_BILLS
),
movement AS (
  SELECT
    bill_date, account_id, CASE WHEN amount_fen > 0 THEN amount_fen ELSE 0 END AS in_fen, CASE WHEN amount_fen < 0 THEN -amount_fen ELSE 0 END AS out_fen,
    0 AS withdrawn_fen, 0 AS earlier_fen, 0 AS listed_fen, state, amount_fen
  FROM bill_states
  UNION ALL
  SELECT bill_date, account_id, 0, 0, amount_fen, 0, 0, NULL, NULL
  FROM withdrawals WHERE verdict IN ('tied', 'mismatched', 'manual', 'not_asked')
  UNION ALL
  SELECT
    l.bill_date, l.account_id, 0, 0, 0, CASE WHEN s.ledger_id IS NULL AND u.ledger_id IS NULL THEN l.amount_fen ELSE 0 END,
    CASE WHEN s.ledger_id IS NOT NULL THEN s.amount_fen WHEN u.ledger_id IS NULL THEN l.amount_fen END, NULL, NULL
  FROM listed AS l
  LEFT JOIN bill_states AS s ON s.ledger_id = l.ledger_id AND s.settle_type = l.settle_type AND s.settle_sub_type = l.settle_sub_type
  LEFT JOIN unknown_bill AS u ON u.bill_date = l.bill_date AND u.ledger_id = l.ledger_id
),
moved AS (
  SELECT
    bill_date, account_id,
    CAST(COALESCE(sum(in_fen), 0) AS BIGINT) AS in_fen,
    CAST(COALESCE(sum(out_fen), 0) AS BIGINT) AS out_fen,
    CAST(COALESCE(sum(withdrawn_fen), 0) AS BIGINT) AS withdrawn_fen,
    CAST(COALESCE(sum(earlier_fen), 0) AS BIGINT) AS earlier_fen,
    CAST(COALESCE(sum(withdrawn_fen), 0) - COALESCE(sum(listed_fen), 0) AS BIGINT) AS unexplained_fen,
    count(*) FILTER (WHERE state = 'withdrawn') AS bills_withdrawn,
    count(*) FILTER (WHERE state = 'waiting') AS bills_waiting,
    count(*) FILTER (WHERE state = 'not_withdrawable') AS bills_not_withdrawable,
    CAST(COALESCE(sum(amount_fen) FILTER (WHERE state = 'waiting'), 0) AS BIGINT) AS waiting_fen
  FROM movement
  GROUP BY bill_date, account_id
),
account_day AS (
  SELECT d.bill_date, a.account_id, a.before_fen
  FROM (SELECT DISTINCT bill_date FROM moved) AS d CROSS JOIN (SELECT account_id, sum(earlier_fen) AS before_fen FROM moved GROUP BY account_id) AS a
  WHERE EXISTS (SELECT 1 FROM withdrawals)
),
rolled AS (
  SELECT
    d.bill_date, d.account_id,
    CAST(d.before_fen + COALESCE(sum(m.in_fen - m.out_fen - m.withdrawn_fen) OVER (PARTITION BY d.account_id ORDER BY d.bill_date), 0) AS BIGINT) AS closing_fen,
    COALESCE(m.in_fen, 0) AS in_fen, COALESCE(m.out_fen, 0) AS out_fen, COALESCE(m.withdrawn_fen, 0) AS withdrawn_fen, COALESCE(m.unexplained_fen, 0) AS unexplained_fen,
    COALESCE(m.bills_withdrawn, 0) AS bills_withdrawn, COALESCE(m.bills_waiting, 0) AS bills_waiting,
    COALESCE(m.bills_not_withdrawable, 0) AS bills_not_withdrawable, COALESCE(m.waiting_fen, 0) AS waiting_fen
  FROM account_day AS d LEFT JOIN moved AS m ON m.bill_date = d.bill_date AND m.account_id = d.account_id
)
`

// labelledBalances is balances for people.
func labelledBalances(d Dialect) sqlView {
	v := sqlView{
		name: d.nameForPeople("balances", "余额调节"), doc: "每个收款账户每天一行：期初 + 入账 - 出账 - 提现 = 期末待提现，即次日期初。没有已发布的提现时没有行。",
		from: "FROM balances AS b LEFT JOIN account_names AS n ON n.account_id = b.account_id",
	}
	column := func(value, label, doc string) { v.columns = append(v.columns, viewColumn{value, label, doc}) }
	yuan := func(fen, label, doc string) { column(d.yuan(fen), d.unit(label, "元"), doc) }
	column("bill_date", "日期", "账单日")
	column("b.account_id", "收款账户", "收款账户")
	column("n.name", "名称", "账户名称")
	yuan("opening_fen", "期初", "当日之前待提现的；最早一天为之后的提现所付的更早账单")
	yuan("in_fen", "入账", "当日收入的账单")
	yuan("out_fen", "出账", "当日支出的账单，不带负号")
	yuan("withdrawn_fen", "提现", "当日发起、已到账的提现，含手动提现")
	yuan("closing_fen", "期末待提现", "当日之后待提现的")
	column("bills_withdrawn", "已提现账单", "当日账单中已提现的条数")
	column("bills_waiting", "待提现账单", "当日账单中待提现的条数")
	column("bills_not_withdrawable", "不可提现账单", "当日账单中收支方向不明的条数")
	yuan("waiting_fen", "当日账单待提现", "当日账单中至今待提现的")
	column(d.daysBetween("bill_date", "max(bill_date) OVER ()"), d.unit("账龄", "天"), "从账单日到数据中最新一天")
	yuan("unexplained_fen", "提现无对应账单", "提现多于其账单之数，手动提现为全额")
	return v
}
