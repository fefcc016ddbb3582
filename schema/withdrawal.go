package schema

import (
	"time"
	"unicode/utf8"
)

// Withdrawal is one withdrawal (餐饮提现记录, goodlife/v1/settle/withdraw/catering_query): money that
// the platform pays out to a payee's bank account, and the bills that it pays.
type Withdrawal struct {
	AccountID     string // the payee
	WithdrawID    string
	Amount        Null[Fen]
	Status        Null[string] // as received
	Mode          Null[string] // as received
	LaunchTime    Null[time.Time]
	WithdrawTime  Null[time.Time]
	Message       Null[string]
	SettleAccount Null[string] // masked: see MaskAccount
	AccountName   Null[string]
	BillRows      Null[int64]
	BillsTotal    Null[Fen] // sum of its bills, signed
	Diff          Null[Fen] // amount less bills
	Verdict       WithdrawVerdict
	LogID         Null[string]
	FetchedAt     time.Time
	ArchiveKey    string
}

// TableName implements Row.
func (*Withdrawal) TableName() string { return "withdrawals" }

// MaskAccount returns a bank account's number without all but its last four characters.
// One of no more than four is masked whole.
func MaskAccount(number string) string {
	const mask, shown = "****", 4
	cut := len(number)
	for range shown {
		_, size := utf8.DecodeLastRuneInString(number[:cut])
		cut -= size
	}
	if cut == 0 {
		return mask
	}
	return mask + number[cut:]
}

// Withdrawals is the table withdrawals: one row per withdrawal, on the day on which it was
// launched in China.
var Withdrawals = Table[Withdrawal]{
	Name: "withdrawals", Label: "提现",
	Optional:   true,
	Doc:        "One row per withdrawal (提现), on the day on which it was launched in China. Only of jobs with withdrawals; days without rows have no file.",
	ChineseDoc: "每笔提现一行，在发起提现的那一天（中国时间）。仅配置了 withdrawals 的任务有；没有行的日子没有文件。",
	Fields: []Field[Withdrawal]{
		required(text, Column{Name: "account_id", Label: "收款账户", Doc: "the account that is paid",
			ChineseDoc: "收款账户"},
			func(w *Withdrawal) *string { return &w.AccountID }),
		required(text, Column{Name: "withdraw_id", Label: "提现单号", Source: "withdraw_id", Layout: Ordered, Doc: "withdrawal id",
			ChineseDoc: "提现单号"},
			func(w *Withdrawal) *string { return &w.WithdrawID }),
		fen(Column{Name: "amount_fen", Label: "提现金额", Source: "amount", Layout: Distinct, Doc: "what was paid out",
			ChineseDoc: "提现金额"},
			func(w *Withdrawal) *Null[Fen] { return &w.Amount }),
		nullable(text, Column{Name: "status", Label: "平台状态", Source: "status", Doc: "as received; the platform documents no values: the job's configuration says what they mean (withdrawals.statuses)",
			ChineseDoc: "平台原值；平台文档没有写明取值，含义由任务配置指定（withdrawals.statuses）"},
			func(w *Withdrawal) *Null[string] { return &w.Status }),
		nullable(text, Column{Name: "withdraw_mode", Label: "提现方式", Source: "withdraw_mode", Doc: "as received; the platform documents no values",
			ChineseDoc: "平台原值；平台文档没有写明取值"},
			func(w *Withdrawal) *Null[string] { return &w.Mode }),
		nullable(timestamp, Column{Name: "launch_time", Label: "发起时间", Source: "launch_time", Doc: "when it was launched",
			ChineseDoc: "发起提现的时间"},
			func(w *Withdrawal) *Null[time.Time] { return &w.LaunchTime }),
		nullable(timestamp, Column{Name: "withdraw_time", Label: "到账时间", Source: "withdraw_time", Doc: "when it was paid",
			ChineseDoc: "到账时间"},
			func(w *Withdrawal) *Null[time.Time] { return &w.WithdrawTime }),
		nullable(text, Column{Name: "withdraw_msg", Label: "提现说明", Source: "withdraw_msg", Doc: "the platform's words, such as why it failed",
			ChineseDoc: "平台的说明，如失败原因"},
			func(w *Withdrawal) *Null[string] { return &w.Message }),
		nullable(text, Column{Name: "settle_account", Label: "收款卡号", Source: "settle_account", Doc: "number of the bank account, masked but for the last four; the archive keeps it as received",
			ChineseDoc: "银行账号，只留末四位；归档中为原值"},
			func(w *Withdrawal) *Null[string] { return &w.SettleAccount }),
		nullable(text, Column{Name: "account_name", Label: "开户名", Source: "account_name", Doc: "in whose name the bank account is",
			ChineseDoc: "银行账户的户名"},
			func(w *Withdrawal) *Null[string] { return &w.AccountName }),
		nullable(int64s, Column{Name: "bill_rows", Label: "账单条数", Doc: "bills that it pays; NULL where they were not fetched, or cannot be",
			ChineseDoc: "其账单条数；没有取得或无法取得时为 NULL"},
			func(w *Withdrawal) *Null[int64] { return &w.BillRows }),
		fen(Column{Name: "bills_fen", Label: "账单合计", Layout: Distinct, Doc: "sum of fund_amount of its bills, signed; of goods where a bill has no fund_amount. A bill of unknown direction is left out",
			ChineseDoc: "其账单 fund_amount 之和，带符号；没有 fund_amount 的账单取 goods。方向不明的账单不计入"},
			func(w *Withdrawal) *Null[Fen] { return &w.BillsTotal }),
		fen(Column{Name: "diff_fen", Label: "差额", Layout: Distinct, Doc: "amount less bills",
			ChineseDoc: "提现减账单合计"},
			func(w *Withdrawal) *Null[Fen] { return &w.Diff }),
		required(textOf[WithdrawVerdict](), Column{Name: "verdict", Label: "提现核对", Doc: "tied, mismatched, manual, in_flight, failed or not_asked",
			ChineseDoc: "tied 平、mismatched 差异、manual 手动提现、in_flight 在途、failed 失败、not_asked 未取明细"},
			func(w *Withdrawal) *WithdrawVerdict { return &w.Verdict }),
		nullable(text, Column{Name: "logid", Label: "日志ID", Source: "extra.logid", Doc: "the platform's id of the answer",
			ChineseDoc: "平台应答的日志 ID"},
			func(w *Withdrawal) *Null[string] { return &w.LogID }),
		required(timestamp, Column{Name: "fetched_at", Label: "获取时间", Doc: "when the answer was received",
			ChineseDoc: "收到答复的时间"},
			func(w *Withdrawal) *time.Time { return &w.FetchedAt }),
		required(text, Column{Name: "archive_key", Label: "存档文件", Doc: "the archive object that holds the raw record",
			ChineseDoc: "原始记录所在的归档对象"},
			func(w *Withdrawal) *string { return &w.ArchiveKey }),
	},
}
