package schema

import "errors"

// ErrorCode names a kind of billwalk's own errors, for `billwalk explain`. The codes stay
// as they are from version to version; errors that the platform reports have its numbers.
type ErrorCode string

// The codes.
const (
	CodeUsage       ErrorCode = "BW-USAGE"
	CodeConfig      ErrorCode = "BW-CONFIG"
	CodeClock       ErrorCode = "BW-CLOCK"
	CodeStore       ErrorCode = "BW-STORE"
	CodeStoreDenied ErrorCode = "BW-STORE-DENIED"
	CodeStoreUnfit  ErrorCode = "BW-STORE-UNFIT"
	CodeLayout      ErrorCode = "BW-LAYOUT"
	CodeVersion     ErrorCode = "BW-VERSION"
	CodeDamaged     ErrorCode = "BW-DAMAGED"
	CodeRace        ErrorCode = "BW-RACE"
	CodeDeadline    ErrorCode = "BW-DEADLINE"
	CodeStopped     ErrorCode = "BW-STOPPED"
	CodeInterrupted ErrorCode = "BW-INTERRUPTED"
	CodeNoAnswer    ErrorCode = "BW-NO-ANSWER"
	CodeUnreadable  ErrorCode = "BW-UNREADABLE"
	CodeChain       ErrorCode = "BW-CHAIN"
	CodeChanging    ErrorCode = "BW-CHANGING"
	CodeShrunk      ErrorCode = "BW-SHRUNK"
	CodeNotArchived ErrorCode = "BW-NOT-ARCHIVED"
	CodeMoney       ErrorCode = "BW-MONEY"
	CodeMatch       ErrorCode = "BW-MATCH"
	CodeCallbacks   ErrorCode = "BW-CALLBACKS"
	CodeNotify      ErrorCode = "BW-NOTIFY"
	CodeLocal       ErrorCode = "BW-LOCAL"
	CodeNotFound    ErrorCode = "BW-NOT-FOUND"
	CodeFailed      ErrorCode = "BW-FAILED"
)

// ErrorCodes lists all of them.
var ErrorCodes = []struct {
	Code            ErrorCode
	Meaning, Advice Bilingual
}{
	{CodeUsage, Bilingual{"the command line is wrong: a verb, a flag or an argument", "命令行有误：命令、参数或选项"},
		Bilingual{"billwalk VERB --help lists what a verb takes", "用 billwalk 命令 --help 查看用法"}},
	{CodeConfig, Bilingual{"jobs.yaml, a file that it names, or a variable is wrong; the message says where", "jobs.yaml、它所指的文件或环境变量有误，位置见信息"},
		Bilingual{"correct what the message names; billwalk check tries the whole configuration", "按信息修改；billwalk check 可逐项检查配置"}},
	{CodeClock, Bilingual{"this machine's clock is so far off that other days would be meant", "本机时钟偏差过大，会取错日子"},
		Bilingual{"set the clock, by NTP", "用 NTP 校准时钟"}},
	{CodeStore, Bilingual{"the store of the lake cannot be reached, or an object cannot be read or written", "存储连不上，或对象读写不了"},
		Bilingual{"check lake.url, lake.endpoint, region and the network, with billwalk check; then run again", "用 billwalk check 检查 lake.url、lake.endpoint、region 与网络，再跑"}},
	{CodeStoreDenied, Bilingual{"the store refuses the request: the credentials are not valid, or lack a right", "存储拒绝请求：凭证无效或权限不足"},
		Bilingual{"give the credentials the rights to list, read, write and delete below the lake's prefix; for a folder, run as the user who owns it", "授予该前缀下列出、读、写、删除的权限；文件夹则以属主身份运行"}},
	{CodeStoreUnfit, Bilingual{"the store does not honour conditional writes, so that two runs could overwrite each other", "存储不支持条件写，两次运行可能互相覆盖"},
		Bilingual{"take a store that honours If-Match and If-None-Match, or switch them on in its settings", "换用支持 If-Match、If-None-Match 的存储，或在其设置中开启"}},
	{CodeLayout, Bilingual{"the lake was made with other settings than jobs.yaml has, such as lake.buckets", "数据湖的设置与 jobs.yaml 不同，例如 lake.buckets"},
		Bilingual{"set lake.buckets to the lake's own number, or take another prefix", "把 lake.buckets 改回该湖原有的值，或换一个前缀"}},
	{CodeVersion, Bilingual{"the lake, or an object in it, was written by a newer version of billwalk", "数据湖或其中的对象由更新版本的 billwalk 写成"},
		Bilingual{"update billwalk on this machine to the version that the lake was last written with", "把本机的 billwalk 升级到写该湖的版本"}},
	{CodeDamaged, Bilingual{"an object of the archive or the lake is not as it was written", "归档或数据湖中的对象已损坏或被改动"},
		Bilingual{"billwalk verify names each object and its fix: put an earlier version back, replay the day from the archive, or fetch it again", "billwalk verify 逐一指明对象与修复方法：恢复旧版本、从归档重算，或重新拉取"}},
	{CodeRace, Bilingual{"another run published the same day first; nothing was overwritten", "另一次运行先发布了同一天；没有覆盖任何东西"},
		Bilingual{"run again: what was walked is in the archive", "再跑：已拉取的在归档中"}},
	{CodeDeadline, Bilingual{"--deadline has come before this was fetched", "未及拉取，已到 --deadline"},
		Bilingual{"run again to continue, or give it more time", "再跑即续，或放宽时限"}},
	{CodeStopped, Bilingual{"the run was stopped by quota, deadline or outage", "因配额、时限或停机而停止"},
		Bilingual{"run again to continue; the first failure says why it stopped", "再跑即续；原因见第一条失败"}},
	{CodeInterrupted, Bilingual{"a signal ended the run; what was fetched is in the archive", "被信号中断；已拉取的在归档中"},
		Bilingual{"run again to continue", "再跑即续"}},
	{CodeNoAnswer, Bilingual{"the platform gave no answer, or the network lost it", "平台没有应答，或应答在网络上丢失"},
		Bilingual{"check the network, a proxy and the app's base_url; if they are well, the platform is down: run again later to continue", "检查网络、代理与 base_url；都正常则是平台停机，稍后再跑即续"}},
	{CodeUnreadable, Bilingual{"an answer is not as the platform documents it; it is kept below archive/unreadable/", "应答与平台文档不符，原文存于 archive/unreadable/"},
		Bilingual{"check the app's base_url; then ask Douyin's support, with the logid and the kept answer", "检查 base_url；再凭 logid 与保存的原文咨询抖音"}},
	{CodeChain, Bilingual{"the pages of the account's day do not form a chain: a loop, a page out of place, too many records, or no end", "该账户当天的各页连不成链：循环、错页、条数过多或没有尽头"},
		Bilingual{"run again; if it comes again, ask Douyin's support, with the logid", "再跑；反复出现的，凭 logid 咨询抖音"}},
	{CodeChanging, Bilingual{"the day changed from walk to walk, and no two in a row found the same bills", "这一天的账单一直在变，连续几次拉取都不一致"},
		Bilingual{"run again later, when the platform has finished the day's bills", "等平台出完当天账单，稍后再跑"}},
	{CodeShrunk, Bilingual{"a closed day lost more than a tenth of its bills since it was published", "已过的一天比已发布的少了一成以上账单"},
		Bilingual{"compare with the merchant's console; if the loss is right, run the day with --allow-shrink", "与来客后台核对；确认无误的，加 --allow-shrink 再跑这一天"}},
	{CodeNotArchived, Bilingual{"replay found no whole walk of the account's day in the archive", "归档中没有该账户当天的完整拉取，无从重算"},
		Bilingual{"fetch it with billwalk run JOB --from DAY", "用 billwalk run 任务 --from 日期 拉取"}},
	{CodeMoney, Bilingual{"sums do not foot, or an amount is larger than it can be; nothing was published", "合计不平，或金额大得不可能；没有发布"},
		Bilingual{"report it with the message: an answer of the platform or billwalk is wrong", "带上信息上报：平台应答或程序有误"}},
	{CodeMatch, Bilingual{"no rule of settlements.match finds a settlement of any order that was asked for", "settlements.match 的各规则对所查订单均查无分账"},
		Bilingual{"check settlements.match: which parameter of the settle query has which id of a bill; and that settlements.app is the mini-program through which the orders were paid", "检查 settlements.match：分账查询的哪个参数对应账单的哪个单号；并确认 settlements.app 是订单支付所用的小程序"}},
	{CodeCallbacks, Bilingual{"the receiver of callbacks does not answer as one, or its callbacks do not arrive in the lake", "回调接收端应答不对，或回调没有进入数据湖"},
		Bilingual{"see that billwalk receive runs, that its address is the one in the app's console, and what its log and /readyz say; runs are right without callbacks, as they query settlements themselves", "确认 billwalk receive 在运行、其地址与控制台所填一致，并查看其日志与 /readyz；没有回调时运行结果仍然正确，因为会主动查询分账"}},
	{CodeNotify, Bilingual{"a message could not be sent to the bot of a chat group", "消息未能发到群机器人"},
		Bilingual{"check notify in jobs.yaml: the bot's address, its secret, and its own settings (keywords, permitted addresses)", "检查 jobs.yaml 的 notify：机器人地址、签名密钥，及机器人自身的设置（关键词、IP 白名单）"}},
	{CodeLocal, Bilingual{"the folder for temporary files cannot be written, or its disk is full", "临时文件夹不可写，或磁盘已满"},
		Bilingual{"point TMPDIR at a folder with room that this user may write", "把 TMPDIR 指向本用户可写且有空间的文件夹"}},
	{CodeNotFound, Bilingual{"explain does not know the code or word, or the days that were looked at have no such order, settlement or withdrawal", "explain 没有收录这个错误码或词，或所查日期内没有这个订单、分账或提现"},
		Bilingual{"compare it with the source, as an id has all of its digits; of an order, name its job by --job and other days by --from and --to; billwalk explain lists all that it knows", "与来源核对，单号须完整；查订单请用 --job 指明任务，并用 --from、--to 指定其他日期；billwalk explain 列出全部收录"}},
	{CodeFailed, Bilingual{"any other error", "其他错误"},
		Bilingual{"read the message, and run again; if it comes again, report it", "看信息后再跑；反复出现的请上报"}},
}

// ErrorCodeOf returns the code of an error that says it, in a method ErrorCode, or that
// wraps one of this package's; "" for any other.
func ErrorCodeOf(err error) ErrorCode {
	var coded interface{ ErrorCode() ErrorCode }
	if errors.As(err, &coded) {
		if code := coded.ErrorCode(); code != "" {
			return code
		}
	}
	for _, known := range []struct {
		err  error
		code ErrorCode
	}{
		{ErrVersion, CodeVersion},
		{ErrDenied, CodeStoreDenied},
		{ErrManifest, CodeDamaged}, {ErrDamaged, CodeDamaged}, {ErrUnhashed, CodeDamaged},
		{ErrSuperseded, CodeRace}, {ErrTaken, CodeRace},
		{ErrOverflow, CodeMoney},
	} {
		if errors.Is(err, known.err) {
			return known.code
		}
	}
	return ""
}
