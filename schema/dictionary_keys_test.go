package schema

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// manifestKeys explains the keys of a manifest, by path. A key that is added to Manifest
// needs a line here.
var manifestKeys = []struct{ path, english, chinese string }{
	{"version", "version of the manifest's form", "清单格式的版本"},
	{"bill_date", "the day", "日期"},
	{"bucket", "the bucket of accounts, from 0", "账户分桶，从 0 起"},
	{"generation", "counts the publications of the day and bucket that were begun, from 1", "该日该分桶已开始的发布次数，从 1 起"},
	{"write_id", "id of this publication; also in the files' footers and metadata", "本次发布的 ID，也在各文件的尾部与元数据中"},
	{"run_id", "the run that published it", "发布它的运行"},
	{"job", "the job of that run", "该运行的任务"},
	{"published_at", "when it was published", "发布时间"},
	{"billwalk", "version of the program", "程序版本"},
	{"sign_table", "version of the rules by which amounts get their sign", "金额正负规则的版本"},
	{"commission_rule", "version of the rule by which commissions are summed; absent in those of the first rule", "佣金合计规则的版本；按最初规则发布的没有此键"},
	{"row_rule", "version of the rules of columns that billwalk adds: 1 bills.counted, 2 reconciliation.cause as well, 3 settlements.group_key as well, 4 the reason rule_never_answered as well, 5 bills.group_key as well; absent in those of earlier versions, where every row counts", "自加各列的规则版本：1 为 bills.counted，2 另有 reconciliation.cause，3 另有 settlements.group_key，4 另有原因 rule_never_answered，5 另有 bills.group_key；旧版本没有此键，各行都计入"},
	{"objects", "the published files, one per table", "已发布的文件，每张表一个"},
	{"objects[].table", "name of the table", "表名"},
	{"objects[].bill_date", "the day", "日期"},
	{"objects[].bucket", "the bucket", "分桶"},
	{"objects[].key", "key of the object in the lake", "对象在数据湖中的键"},
	{"objects[].rows", "number of rows", "行数"},
	{"objects[].bytes", "size in bytes", "字节数"},
	{"objects[].sha256", "SHA-256 of the file, hex", "文件的 SHA-256，十六进制"},
	{"objects[].rows_sha256", "SHA-256 of all before the footer: equal for equal rows", "尾部之前内容的 SHA-256：行相同则相同"},
	{"objects[].etag", "the store's ETag", "存储给出的 ETag"},
	{"objects[].generation", "generation of the publication that wrote the file, where that is an earlier one", "写入该文件的那次发布的 generation；只在早于本清单时有"},
	{"objects[].write_id", "its write id, likewise", "其 write_id，同上"},
	{"objects[].totals", "sums of the money columns, see totals", "各金额列的合计，见 totals"},
	{"objects[].unchanged", "in a run summary only: the file stays, its rows are the same", "只见于运行摘要：各行相同，文件未动"},
	{"objects[].superseded", "in a run summary only: another run published first, and its result is at least as new", "只见于运行摘要：另一次运行先行发布，其结果不旧于本次"},
	{"units", "the accounts of the bucket", "分桶内的各账户"},
	{"units[].account", "the configured account", "配置的账户"},
	{"units[].state", "complete, unavailable (withdrawn by hand, 手动提现) or failed", "complete 完整、unavailable 无法列出（手动提现）或 failed 失败"},
	{"units[].stale", "true: its rows are those of an earlier run", "true：其各行来自更早的运行"},
	{"units[].totals", "sums of its published bills, see totals", "其已发布账单的合计，见 totals"},
	{"units[].repeated", "records dropped because they were received again with the same content", "因内容相同而去掉的重复记录数"},
	{"units[].elsewhere", "records that the account's own walk publishes, in another bucket", "由账户自己的拉取在另一个分桶发布的记录数"},
	{"units[].orders", "different orders for which the settle query is used", "需要分账查询的不同订单数"},
	{"units[].open", "its groups that are pending, bill_only or failed", "其中 pending、bill_only、failed 的组数"},
	{"units[].mismatched", "its groups that are mismatched; absent in those of earlier versions", "其中 mismatched 的组数；早期版本没有此键"},
	{"units[].never_answered", "its groups with the reason rule_never_answered", "其中原因为 rule_never_answered 的组数"},
	{"units[].rules", "how often each match rule has answered so far", "每条 match 规则至今查到的次数"},
	{"units[].rules[].rule", "the rule, as in jobs.yaml", "规则，写法同 jobs.yaml"},
	{"units[].rules[].asked", "orders queried by it", "用它查过的订单数"},
	{"units[].rules[].answered", "orders for which it found settlements", "其中查到分账的订单数"},
	{"units[].failure", "why the unit failed, see failure", "失败的原因，见 failure"},
	{"units[].certificate", "the proof that the unit is whole, see certificate", "完整性证明，见 certificate"},
	{"units[].stores", "the proof that the list of its stores is whole, see listing; only of jobs with stores: true", "门店列表的完整性证明，见 listing；仅 stores: true 的任务有"},
	{"withdrawals", "of the withdrawals launched on the day; only of jobs with withdrawals", "当天发起的提现；仅配置了 withdrawals 的任务有"},
	{"withdrawals.run_id", "the run that published them", "发布它们的运行"},
	{"withdrawals.published_at", "when they were published", "发布时间"},
	{"withdrawals.payees", "the accounts whose withdrawals were looked at", "查过提现的收款账户"},
	{"withdrawals.payees[].account", "the account that is paid", "收款账户"},
	{"withdrawals.payees[].walk_account_id", "the configured account whose bills it has", "其账单所在的配置账户"},
	{"withdrawals.payees[].certificate", "the proof that the list of its withdrawals is whole, see certificate", "提现列表的完整性证明，见 certificate"},
	{"withdrawals.payees[].bills", "its withdrawals whose bills were listed", "取得账单明细的提现"},
	{"withdrawals.payees[].bills[].withdraw_id", "the withdrawal", "提现单号"},
	{"withdrawals.payees[].bills[].certificate", "the proof that the list of its bills is whole, see certificate", "其账单明细的完整性证明，见 certificate"},
	{"withdrawals.payees[].open", "its withdrawals that are asked for again", "还要再查的提现笔数"},
	{"withdrawals.payees[].unbilled", "bills of its withdrawals that no published day has", "其提现的账单中，已发布的日子都没有的条数"},
	{"withdrawals.payees[].failure", "why they could not be fetched, see failure", "未能取得的原因，见 failure"},
	{"withdrawals.bills", "the days in whose bills those of the withdrawals were looked up", "查找提现账单时读过的账单日"},
	{"withdrawals.bills[].bill_date", "the day", "日期"},
	{"withdrawals.bills[].rows_sha256", "rows_sha256 of its bills; absent where nothing was published", "该日 bills 的 rows_sha256；未发布的没有此键"},
	{"withdrawals.verdicts", "rows of the table withdrawals, by verdict", "表 withdrawals 的行数，按结论"},
	{"identities", "outcomes of each identity, by rule", "各恒等式的结果，按规则"},
	{"identities.*.pass", "bills for which it holds", "成立的账单数"},
	{"identities.*.fail", "bills for which it fails", "不成立的账单数"},
	{"identities.*.not_evaluable", "bills with a NULL in it", "有一项为 NULL、无法判断的账单数"},
	{"exceptions", "rows of the table exceptions, by rule", "表 exceptions 的行数，按规则"},
	{"verdicts", "rows of the table reconciliation, by verdict", "表 reconciliation 的行数，按结论"},
	{"seal", "SHA-256 of the manifest's JSON with an empty seal, hex; empty in those of an earlier version", "清单 JSON（seal 置空）的 SHA-256，十六进制；早期版本为空"},

	{"totals.rows", "number of rows", "行数"},
	{"totals.fen", "sums by column", "各列的合计"},
	{"totals.fen.*.sum", "signed sum in fen", "带符号的合计，单位分"},
	{"totals.fen.*.nulls", "rows in which the column is NULL", "该列为 NULL 的行数"},

	{"account.account", "id of the account", "账户 ID"},
	{"account.root", "true: a brand with all its stores (root_account_id); false: one account (account_id)", "true：总店及其全部门店（root_account_id）；false：单个账户（account_id）"},
	{"account.name", "its name in jobs.yaml", "jobs.yaml 中的名称"},

	{"failure.account", "the account", "账户"},
	{"failure.bill_date", "the day", "日期"},
	{"failure.code", "the platform's error code; 0 if the fault is not an answer's", "平台错误码；不是应答的错误为 0"},
	{"failure.sub_code", "the platform's sub code", "平台子错误码"},
	{"failure.error", "billwalk's own code, such as BW-DEADLINE, where the platform gave none: `billwalk explain` knows it", "平台没有给出错误码时 billwalk 自己的错误码，如 BW-DEADLINE，可用 `billwalk explain` 查看"},
	{"failure.reason", "what happened", "发生了什么"},
	{"failure.hint", "what to do, in English; earlier versions wrote both languages here", "该做什么（英文；早期版本此处为中英两种文字）"},
	{"failure.hint_zh", "what to do, in Chinese", "该做什么（中文）"},
	{"failure.logid", "the platform's id of the answer, for Douyin's support", "平台应答的日志 ID，供联系抖音客服"},
	{"failure.reach", "what the failure ends: unit (the account on this day), account (all its days), app (every call of the app), today (the quota is used up), unavailable (no failure: withdrawn by hand)", "失败波及的范围：unit 该账户当天、account 该账户各天、app 该应用的全部调用、today 今天的配额用完、unavailable 并非失败，是手动提现"},

	{"certificate.version", "version of the certificate's form", "证明格式的版本"},
	{"certificate.account", "the account", "账户"},
	{"certificate.bill_date", "the day", "日期"},
	{"certificate.state", "complete or unavailable", "complete 或 unavailable"},
	{"certificate.walk", "the walk whose answers the tables are built from", "建表所用的那次拉取"},
	{"certificate.agreed", "the walks in a row that found the same bills; the last is walk", "连续查到相同账单的各次拉取，最后一次即 walk"},
	{"certificate.pages", "the pages of the walk, in order: an unbroken chain of cursors from 0", "该次拉取的各页，依次相接：游标从 0 起不中断"},
	{"certificate.pages[].cursor", "cursor of the request", "请求的游标"},
	{"certificate.pages[].next", "cursor of the next page", "下一页的游标"},
	{"certificate.pages[].rows", "records on the page", "该页的记录数"},
	{"certificate.pages[].sha256", "SHA-256 of the archived answer, hex", "归档应答的 SHA-256，十六进制"},
	{"certificate.end", "what ended the walk", "拉取因何结束"},
	{"certificate.rows", "records received, repeated ones included", "收到的记录数，含重复的"},
	{"certificate.bills", "different records among them", "其中不同的记录数"},
	{"certificate.digest", "SHA-256 over the sorted hashes of the different records", "不同记录的哈希排序后的 SHA-256"},
	{"certificate.finished_at", "when the walk ended", "拉取结束的时间"},
	{"certificate.run_id", "the run that walked", "拉取所属的运行"},
	{"certificate.confirmed", "a later walk that found the same", "之后查到相同内容的一次拉取"},
	{"certificate.confirmed.walk", "that walk", "该次拉取"},
	{"certificate.confirmed.at", "when it ended", "结束时间"},
	{"certificate.confirmed.run_id", "its run", "所属的运行"},
	{"certificate.unavailable", "the platform's words, where the state is unavailable; see failure", "state 为 unavailable 时平台的说明，见 failure"},

	{"listing.version", "version of the proof's form", "证明格式的版本"},
	{"listing.account", "the account", "账户"},
	{"listing.bill_date", "the day", "日期"},
	{"listing.walk", "the pass over the pages that the rows are from", "各行所出自的那次拉取"},
	{"listing.pages", "its pages, in order", "其各页，依次"},
	{"listing.pages[].cursor", "number of the page, from 1", "页码，从 1 起"},
	{"listing.pages[].next", "not used", "不使用"},
	{"listing.pages[].rows", "entries on the page", "该页的条数"},
	{"listing.pages[].sha256", "SHA-256 of the archived answer, hex", "归档应答的 SHA-256，十六进制"},
	{"listing.rows", "entries of all pages, as many as the platform says that there are", "各页条数之和，与平台所报总数相同"},
	{"listing.finished_at", "when the last page was received", "收到最后一页的时间"},
	{"listing.run_id", "the run that asked", "查询所属的运行"},
}

// Shapes that stand in several places of a manifest are explained once, under their own name.
var sharedShapes = map[reflect.Type]string{
	reflect.TypeFor[Totals]():      "totals",
	reflect.TypeFor[Account]():     "account",
	reflect.TypeFor[Failure]():     "failure",
	reflect.TypeFor[Certificate](): "certificate",
	reflect.TypeFor[Listing]():     "listing",
}

// manifestTable explains every key of a manifest.
func manifestTable(l language) string {
	var md strings.Builder
	md.WriteString(l.of("| key | meaning |\n", "| 键 | 含义 |\n") + "|---|---|\n")
	for _, key := range manifestKeys {
		fmt.Fprintf(&md, "| `%s` | %s |\n", key.path, l.of(key.english, key.chinese))
	}
	return md.String()
}

// TestManifestKeys checks that manifestKeys has exactly the keys of a manifest.
func TestManifestKeys(t *testing.T) {
	t.Parallel()
	paths := map[string]bool{}
	addPaths(paths, "", reflect.TypeFor[Manifest]())
	for shape, name := range sharedShapes {
		addPaths(paths, name+".", shape)
	}
	for _, key := range manifestKeys {
		if !paths[key.path] {
			t.Errorf("a manifest has no key %s, or it is explained twice", key.path)
		}
		if key.english == "" || key.chinese == "" {
			t.Errorf("the key %s is not explained in both languages", key.path)
		}
		delete(paths, key.path)
	}
	for path := range paths {
		t.Errorf("manifestKeys does not explain %s", path)
	}
}

// addPaths adds the paths of the JSON keys of a struct.
func addPaths(paths map[string]bool, prefix string, shape reflect.Type) {
	for i := range shape.NumField() {
		field := shape.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		path := prefix + name
		paths[path] = true
		of := field.Type
		for nested := true; nested; {
			switch of.Kind() {
			case reflect.Pointer:
				of = of.Elem()
			case reflect.Slice:
				of, path = of.Elem(), path+"[]"
			case reflect.Map:
				of, path = of.Elem(), path+".*"
			default:
				nested = false
			}
		}
		if of.Kind() == reflect.Struct && sharedShapes[of] == "" && of.PkgPath() == shape.PkgPath() {
			addPaths(paths, path+".", of)
		}
	}
}
