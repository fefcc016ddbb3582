package telemetry

// Metric is one that a run sends. All have the labels billwalk.job and billwalk.kind.
type Metric struct {
	Name    string
	Unit    string   // of UCUM, as OpenTelemetry writes it
	Labels  []string // further ones, without billwalk. before them
	English string
	Chinese string
}

const (
	callsMade   = "billwalk.calls"
	callSeconds = "billwalk.call.duration"
)

// What a run says of itself when it has ended. Amounts are whole fen.
var (
	Ended        = Metric{"billwalk.run.ended", "s", []string{"exit_code"}, "When the run ended, in seconds since 1970.", "本次运行的结束时刻，1970 年以来的秒数。"}
	ExitCode     = Metric{"billwalk.run.exit_code", "{code}", nil, "The exit code.", "退出码。"}
	Duration     = Metric{"billwalk.run.duration", "ms", []string{"phase"}, "How long the run took before its first call, asking, and after its last one.", "首次调用之前、调用期间、末次调用之后各用多久。"}
	Throttled    = Metric{"billwalk.run.throttled", "ms", nil, "Pauses before retries, and waits at a lowered rate, added up over concurrent calls.", "重试前的停顿与降速等待，各并发调用相加。"}
	Units        = Metric{"billwalk.run.units", "{unit}", []string{"state"}, "Units, one account on one day, by what became of them.", "单元（一个账户的一天），按结果。"}
	Failures     = Metric{"billwalk.run.failures", "{failure}", []string{"code"}, "Failures by the platform's code, or billwalk's own.", "失败，按平台错误码或 billwalk 自己的代码。"}
	Rows         = Metric{"billwalk.run.rows", "{row}", []string{"table"}, "Rows of the published files.", "已发布文件的行数。"}
	Bytes        = Metric{"billwalk.run.bytes", "By", []string{"table"}, "Bytes of the published files.", "已发布文件的字节数。"}
	Amount       = Metric{"billwalk.run.amount", "{fen}", []string{"table", "column"}, "Sum of a column of money in the published files, in fen.", "已发布文件中某金额列之和，单位分。"}
	Verdicts     = Metric{"billwalk.run.verdicts", "{order}", []string{"verdict"}, "Orders by verdict.", "订单，按结论。"}
	Exceptions   = Metric{"billwalk.run.exceptions", "{exception}", []string{"rule"}, "Exceptions by rule.", "异常，按规则。"}
	Restatements = Metric{"billwalk.run.restatements", "{bill}", []string{"change"}, "Bills of closed days that were found otherwise, by kind of change.", "已日结的账单发生的变动，按类别。"}
)

// Metrics are all that a run sends.
var Metrics = []Metric{
	{callsMade, "{call}", []string{"api", "result"}, "HTTP requests of the platform by API and result: 0, the platform's code, or billwalk's own.", "向平台发出的 HTTP 请求，按接口与结果：0、平台错误码或 billwalk 自己的代码。"},
	{callSeconds, "s", []string{"api"}, "How long a request took.", "一次请求用时。"},
	Ended, ExitCode, Duration, Throttled, Units, Failures, Rows, Bytes, Amount, Verdicts, Exceptions, Restatements,
}
