package report

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"billwalk/schema"
)

// ledger is the bills of the fixture's first account: forward, a refund, a second content
// that does not count, one of unknown direction, and text that a spreadsheet could run.
func ledger(context.Context) iter.Seq2[DayBill, error] {
	account := fixture().Accounts[0].ID
	some := schema.Some[schema.Fen]
	bill := func(id, product string, settleType int32, total, goods schema.Null[schema.Fen]) *schema.Bill {
		b := &schema.Bill{WalkAccountID: account, LedgerID: id, GroupName: schema.Some(product), SettleType: settleType, Direction: schema.Some[int32](1), ShopOrderID: schema.Some("7100000000000000001")}
		b.Amounts[schema.LedgerTotal], b.Amounts[schema.Goods] = total, goods
		b.SettleTime = schema.Some(time.Date(2026, 11, 24, 18, 0, 0, 0, time.UTC))
		return b
	}
	bills := []*schema.Bill{
		bill("1", "=1+1", 1, some(10_000), some(9_000)), bill("2", "+A1", 1, some(20_000), some(18_200)), bill("3", "@SUM(A1)", refund, some(-1_200), some(-1_000)),
		bill("4", "-2", 3, some(-300), some(-200)), bill("1", "\"<b>&\x01 _x0041_ ", 1, some(99), some(98)), bill("5", " 双人套餐 ", 9, schema.Null[schema.Fen]{}, schema.Null[schema.Fen]{}),
	}
	bills[4].Counted, bills[5].Direction = schema.Some(false), schema.Null[int32]{}
	return func(yield func(DayBill, error) bool) {
		for _, b := range bills {
			if !yield(DayBill{20782, b}, nil) {
				return
			}
		}
	}
}

// lists returns lists of which the examples of the fixture are all.
func lists(r *Report) Lists {
	return Lists{
		Exceptions: func(yield func(ListedException, error) bool) {
			for _, rule := range r.Exceptions {
				for _, x := range rule.Examples {
					row := &schema.Exception{
						Rule: rule.Rule, Severity: rule.Severity, AccountID: schema.Some(x.Account), LedgerID: schema.Some(x.LedgerID), ShopOrderID: schema.Some(x.Order),
						Expected: schema.Some[schema.Fen](346), Actual: schema.Null[schema.Fen](x.Actual), Detail: x.Detail.English, ArchiveKey: schema.Some("archive/bills/x"),
					}
					if !yield(ListedException{x.Day, schema.AccountID(x.Account), "2026112604120003", row}, nil) {
						return
					}
				}
			}
		},
		Restatements: func(yield func(ListedRestatement, error) bool) {
			for _, day := range r.Restatements {
				for _, x := range day.Examples {
					row := &schema.Restatement{
						WalkAccountID: x.Account, ShopOrderID: schema.Some(x.Order), Change: x.Change,
						Columns:   []string{"ledger_total_fen", "total_merchant_platform_service_fen", "code", "group_name"},
						Old:       schema.Some(`{"ledger_total_fen":"10100","total_merchant_platform_service_fen":"-250","code":"8800","group_name":"=1+1"}`),
						New:       schema.Some(`{"ledger_total_fen":"10000","code":"8801","group_name":"套餐"}`),
						DiffTotal: schema.Null[schema.Fen](x.Total), DiffGoods: schema.Null[schema.Fen](x.Merchant), OldGeneration: x.OldGeneration, NewGeneration: x.NewGeneration, RestatedAt: x.At,
					}
					row.LedgerID = x.LedgerID
					if !yield(ListedRestatement{day.Day, row}, nil) {
						return
					}
				}
			}
		},
	}
}

func workbookOf(t *testing.T, r *Report, bills Bills, maxRows int) (*excelize.File, []byte) {
	t.Helper()
	var out bytes.Buffer
	if err := writeWorkbook(t.Context(), &out, r, bills, lists(r), maxRows); err != nil {
		t.Fatal(err)
	}
	file, err := excelize.OpenReader(bytes.NewReader(out.Bytes()), excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file, out.Bytes()
}

func rowsOf(t *testing.T, f *excelize.File, sheet string) [][]string {
	t.Helper()
	rows, err := f.GetRows(sheet)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestWorkbook reads a workbook back: its sheets, and the statement to the fen.
func TestWorkbook(t *testing.T) {
	t.Parallel()
	f, data := workbookOf(t, fixture(), ledger, excelize.TotalRows)
	statement := "对账单1 某某餐饮 <b>&\"总部\""
	letters := []string{"对账函1 某某餐饮 <b>&\"总部\"", "对账函2 =HYPERLINK(\"http：／／x\")"}
	want := []string{"汇总", "日报", "调节表", "余额调节", "提现", "差异", "未分", "失败", "已处理", "费率", "存疑", "退款", "变更", "异常", "口径说明", letters[0], letters[1], statement}
	if got := f.GetSheetList(); !slices.Equal(got, want) {
		t.Errorf("sheets %q, want %q", got, want)
	}
	if _, again := workbookOf(t, fixture(), ledger, excelize.TotalRows); !bytes.Equal(data, again) {
		t.Error("the same report gives other bytes")
	}
	var lines []string
	for _, row := range rowsOf(t, f, statement) {
		lines = append(lines, strings.Join([]string{row[0], at(row, 2), at(row, 5), at(row, 7), at(row, 9), at(row, 13), at(row, 14)}, "|"))
	}
	wantLines := []string{
		"日期|账单号|商品|结算时间|应结算|商家实际结算|备注",
		"2026-11-25|1|=1+1|2026-11-25 02:00:00|100|90|", "2026-11-25|2|+A1|2026-11-25 02:00:00|200|182|", "2026-11-25|3|@SUM(A1)|2026-11-25 02:00:00|-12|-10|",
		"2026-11-25|4|-2|2026-11-25 02:00:00|-3|-2|", "2026-11-25|1|\"<b>&\uFFFD _x0041_ |2026-11-25 02:00:00|||同一账单的另一版，不计入合计；应结算 0.99",
		"2026-11-25|5| 双人套餐 |2026-11-25 02:00:00|||收支方向不明，未计入合计", "合计||||285|260|",
	}
	if !slices.Equal(lines, wantLines) {
		t.Errorf("the statement is\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(wantLines, "\n"))
	}
	if refunds := rowsOf(t, f, "退款"); len(refunds) != 3 || refunds[1][2] != "3" || refunds[2][9] != "-12" {
		t.Errorf("refunds %q", refunds)
	}
	for sheet, count := range map[string]int{"日报": 5, "调节表": 10 + 1 + 1 + 16, "差异": 2, "未分": 1, "失败": 0, "已处理": 1, "费率": 2, "存疑": 1, "变更": 1, "异常": 1, "余额调节": 2, "提现": 4, "汇总": 7 + 4 + 4 + 7 + 4 + 2 + 1 + 5 + 1 + 2} {
		rows := len(rowsOf(t, f, sheet)) - 1
		if last := rowsOf(t, f, sheet)[rows][0]; last == "合计" {
			rows--
		}
		if rows != count {
			t.Errorf("%s has %d rows, want %d", sheet, rows, count)
		}
	}
}

// TestWorkbookNotes: an order that is settled by hand is apart from those that differ, and one
// that is open again says so.
func TestWorkbookNotes(t *testing.T) {
	t.Parallel()
	f, _ := workbookOf(t, fixture(), ledger, excelize.TotalRows)
	for sheet, want := range map[string][]string{
		"差异":  {"1002", "6.5", "金额已变，重新打开", "王", "平台已补"},
		"已处理": {"1005", "3", "已处理", "李会计", "=平台已补 <b>"},
	} {
		rows := rowsOf(t, f, sheet)
		if got := []string{rows[1][0], at(rows[1], 8), at(rows[1], 18), at(rows[1], 19), at(rows[1], 21)}; !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", sheet, got, want)
		}
	}
	if changes := rowsOf(t, f, "变更"); at(changes[1], 16) != "结账后变更：张 已结" {
		t.Errorf("changes after closing: %q", changes[1])
	}
}

func at(row []string, i int) string {
	if i < len(row) {
		return row[i]
	}
	return ""
}

// formulas are those that a workbook may have.
var formulas = regexp.MustCompile(`^(ROUND\(|SUM\(|COUNTA\(|COUNTIFS\()`)

// TestNoFormulas: the only formulas are those of the sums, whose values they give.
func TestNoFormulas(t *testing.T) {
	t.Parallel()
	f, _ := workbookOf(t, fixture(), ledger, 5)
	found := 0
	for _, sheet := range f.GetSheetList() {
		for r, row := range rowsOf(t, f, sheet) {
			for c, value := range row {
				cell := fmt.Sprintf("%s%d", letter(c), r+1)
				formula, err := f.GetCellFormula(sheet, cell)
				if err != nil {
					t.Fatal(err)
				}
				if formula == "" {
					continue
				}
				found++
				got, err := f.CalcCellValue(sheet, cell, excelize.Options{RawCellValue: true})
				if !formulas.MatchString(formula) || err != nil || got != value {
					t.Errorf("%s!%s: %s gives %s, %v, and its value is %s", sheet, cell, formula, got, err, value)
				}
			}
		}
	}
	if found < 40 {
		t.Errorf("%d formulas", found)
	}
}

// TestExact: an amount reads back to the fen up to 15 digits; a larger one is text, so that
// no spreadsheet rounds it, and its column has no sum.
func TestExact(t *testing.T) {
	t.Parallel()
	const largest = 1<<53 - 1
	amounts := []schema.Fen{0, 1, -1, 99, 100, 101, maxExact, -maxExact, maxExact - 1, maxExact + 1, largest, -largest, largest + 1, 1<<63 - 1, -1 << 63}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		amounts = append(amounts, schema.Fen(random.Int64N(largest)>>random.IntN(53)))
	}
	b, err := newWorkbook(excelize.TotalRows)
	if err != nil {
		t.Fatal(err)
	}
	s := b.sheet("x", []column{{"a", 10, true}})
	for _, fen := range amounts {
		if err := s.add(fen); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.end(); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := errors.Join(b.write(&out), b.close()); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&out, excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows := rowsOf(t, f, "x")
	for i, fen := range amounts {
		cell := fmt.Sprintf("A%d", i+2)
		kind, err := f.GetCellType("x", cell)
		if err != nil || (kind == excelize.CellTypeInlineString) != beyond(fen) {
			t.Fatalf("%s is of type %v, %v", fen.Yuan(), kind, err)
		}
		if got := rows[i+1][0]; decimals(got) != fen.Yuan() {
			t.Fatalf("%s reads back as %s", fen.Yuan(), got)
		}
	}
	if last := rows[len(rows)-1][0]; last != "超出表格精度" {
		t.Errorf("the sum is %s", last)
	}
}

// decimals writes a number with two decimals.
func decimals(number string) string {
	whole, fraction, _ := strings.Cut(number, ".")
	return whole + "." + (fraction + "00")[:max(2, len(fraction))]
}

// TestSplit: a sheet that is full goes on in another one, and the sum is of all of them.
func TestSplit(t *testing.T) {
	t.Parallel()
	f, _ := workbookOf(t, fixture(), ledger, 5)
	const name = "对账单1 某某餐饮 <b>&\"总部\""
	var ids []string
	for _, sheet := range []string{name, name + "（2）"} {
		rows := rowsOf(t, f, sheet)
		if len(rows) > 5 {
			t.Errorf("%s has %d rows", sheet, len(rows))
		}
		for _, row := range rows[1:] {
			ids = append(ids, row[2])
		}
	}
	if !slices.Equal(ids, []string{"1", "2", "3", "4", "1", "5", ""}[:len(ids)]) {
		t.Errorf("rows %q", ids)
	}
	last := f.GetSheetList()
	for _, sheet := range last {
		rows := rowsOf(t, f, sheet)
		if strings.HasPrefix(sheet, name) && rows[len(rows)-1][0] == "合计" && rows[len(rows)-1][9] != "285" {
			t.Errorf("%s: the sum is %q", sheet, rows[len(rows)-1])
		}
	}
}

// TestLists: every exception and every changed bill is a row, whose counts and sums are those of the report.
func TestLists(t *testing.T) {
	t.Parallel()
	f, _ := workbookOf(t, fixture(), ledger, excelize.TotalRows)
	const account = "7113893944009705516|某某餐饮 <b>&\"总部\"|"
	for sheet, want := range map[string]string{
		"异常": "收支方向不明|错误|2026-11-25|" + account + "9004|1004||3.46||结算类型 9 不在平台文档中||2026112604120003|archive/bills/x",
		"费率": account + "7001|偏离|2|200|5|2.5|1|0|0|0",
		"变更": "2026-11-25|变更|" + account + "9001|1002|101|100|-1|||-0.9|软件服务费 -2.50 → 空；券码；商品名称 =1+1 → 套餐|1|2|2026-11-27 04:00:00|结账后变更：张 已结",
	} {
		if got := strings.Join(rowsOf(t, f, sheet)[1], "|"); got != want {
			t.Errorf("%s is\n%s, want\n%s", sheet, got, want)
		}
	}
	var summary []string
	for _, row := range rowsOf(t, f, "汇总") {
		summary = append(summary, strings.Join(row, "|"))
	}
	for _, want := range []string{"日报|账单||6", "日报|正向|||300", "日报|净额|||285", "退款|账单，应结算||1|-12", "费率|应结算（服务费已知的）||2|200", "费率|平台服务费|||5", "费率|佣金|||0", "变更|变更||1", "变更|应结算变动|||-1", "异常|收支方向不明|错误|1", "差异|订单，涉及金额||2|14.74"} {
		if !slices.Contains(summary, want) {
			t.Errorf("no line %q in\n%s", want, strings.Join(summary, "\n"))
		}
	}
	for _, more := range []int64{-1, 1} {
		r := fixture()
		r.Exceptions[0].Count += more
		if err := WriteWorkbook(t.Context(), io.Discard, r, ledger, lists(fixture())); !errors.Is(err, ErrChanged) {
			t.Errorf("with %d exceptions more: %v", more, err)
		}
		r = fixture()
		r.Restatements[0].Changed += more
		if err := WriteWorkbook(t.Context(), io.Discard, r, ledger, lists(fixture())); !errors.Is(err, ErrChanged) {
			t.Errorf("with %d restatements more: %v", more, err)
		}
	}
}

// TestLetters: a merchant is told how far its days are reconciled, and what it has to do by when.
func TestLetters(t *testing.T) {
	t.Parallel()
	r := fixture()
	waiting, shared := r.Orders.List[1], r.Orders.List[1]
	waiting.Key, waiting.Reasons = "1003", []string{schema.ReasonPartlyBilled, "total_differs"}
	shared.Key, shared.Accounts = "1004", 2
	r.Orders.List = append(r.Orders.List, waiting, shared)
	text := func(f *excelize.File, sheet string) (lines []string) {
		for _, row := range rowsOf(t, f, sheet) {
			lines = append(lines, strings.Join(row, "|"))
		}
		return lines
	}
	f, _ := workbookOf(t, r, ledger, excelize.TotalRows)
	want := []string{
		"贵店 11 月 25 日至 11 月 26 日核对未完成；待贵方处理 1 单 6.50 元，请于 11 月 30 日前回复。",
		"账户 7113893944009705516 某某餐饮 <b>&\"总部\"；2026-11-25 至 2026-11-26；制表 2026-11-27",
		"账单 6 笔，净额（应结算）285.00 元，商家实际结算 260.00 元；差额为已分减应分，正数为多分。",
		"未取得完整账单的日期：2026-11-26（失败）。其金额未知，不含在内。",
		"订单|门店|结论|应分|已分|差额|涉及金额|需做事项|回复",
		"1002|7002|差异|100|106.5|6.5|6.5|核对订单实付与分账金额",
		"1001|7001|有账单、未查到分账|100||-100|100|由我方跟进，暂无需处理",
		"1003|7002|差异|100|106.5|6.5|6.5|由我方跟进，暂无需处理",
		"1004|7002|差异|||||由我方跟进，暂无需处理",
		"合计|||300|213|-87|113",
	}
	if diff := cmp.Diff(want, text(f, "对账函1 某某餐饮 <b>&\"总部\"")); diff != "" {
		t.Error(diff)
	}
	if got := text(f, "对账函2 =HYPERLINK(\"http：／／x\")")[0]; got != "贵店 11 月 25 日至 11 月 26 日核对未完成；无待贵方处理的订单。" {
		t.Error(got)
	}
	r.To = r.From
	r.Accounts[0].Sums.UnknownDirection, r.Units, r.Orders.List = 0, r.Units[:1], nil
	f, _ = workbookOf(t, r, ledger, excelize.TotalRows)
	if got := text(f, "对账函1 某某餐饮 <b>&\"总部\"")[0]; got != "贵店 11 月 25 日核对完成；无待贵方处理的订单。" {
		t.Error(got)
	}
}

// TestNothingForeign: the sheets of an account have no id of another account, and no coupon code is in any sheet.
func TestNothingForeign(t *testing.T) {
	t.Parallel()
	r := fixture()
	other := r.Accounts[1].ID
	r.Accounts[1].Name, r.Accounts[0].Sums.Bills, r.Accounts[1].Sums.Bills = "西安面馆", 1, 1
	r.Orders.List[0].Account = other
	const code, certificate = "880012345678", "7000000000000000077"
	bills := func(context.Context) iter.Seq2[DayBill, error] {
		return func(yield func(DayBill, error) bool) {
			for _, a := range r.Accounts[:2] {
				yield(DayBill{r.From, &schema.Bill{
					WalkAccountID: a.ID, LedgerID: "ledger-of-" + string(a.ID), ShopOrderID: schema.Some("order-of-" + string(a.ID)),
					Code: schema.Some(code), CertificateID: schema.Some(certificate), VerifyID: schema.Some(certificate),
				}}, nil)
			}
		}
	}
	f, _ := workbookOf(t, r, bills, excelize.TotalRows)
	foreign := map[string][]string{
		"1": {string(other), "西安面馆", "1001", "7001"}, // of the second account
		"2": {string(r.Accounts[0].ID), "某某餐饮", "1002", "7002"},
	}
	checked := 0
	for _, sheet := range f.GetSheetList() {
		rows := rowsOf(t, f, sheet)
		text := fmt.Sprintln(sheet, rows)
		for _, secret := range []string{code, certificate, "8800", "8801"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s has the coupon code %s", sheet, secret)
			}
		}
		title := regexp.MustCompile(`^(?:对账函|对账单)(\d+) `).FindStringSubmatch(sheet)
		if title == nil {
			continue
		}
		checked++
		for _, secret := range foreign[title[1]] {
			if strings.Contains(text, secret) {
				t.Errorf("%s has %s of another account:\n%s", sheet, secret, text)
			}
		}
	}
	if checked != 4 {
		t.Errorf("%d sheets of accounts", checked)
	}
}

func TestSheetNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"对账单1 [A]:*?/\\'x": "对账单1 （A）：＊？／＼’x（2）", strings.Repeat("长", 40): strings.Repeat("长", 27) + "…（2）", "a\x00\xff": "a\uFFFD\uFFFD（2）",
	} {
		if got := sheetName(name, 1); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestWorkbookErrors: what cannot be read or written is an error.
func TestWorkbookErrors(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	bills := func(context.Context) iter.Seq2[DayBill, error] {
		return func(yield func(DayBill, error) bool) { yield(DayBill{}, broken) }
	}
	if err := WriteWorkbook(t.Context(), io.Discard, fixture(), bills, lists(fixture())); !errors.Is(err, broken) {
		t.Error(err)
	}
	full, err := os.Open(os.DevNull) // cannot be written
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	if err := WriteWorkbook(t.Context(), full, fixture(), ledger, lists(fixture())); err == nil {
		t.Error("nothing was written, without an error")
	}
}
