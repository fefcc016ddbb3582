package schema

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// documentedCodes are the sentences of the API's page, word for word.
var documentedCodes = map[string]string{
	"biz_type":         "业务类型。1:团购 3:买单 5:点单",
	"settle_type":      "结算类型。枚举值包括:1-正向账单,2-退款单,3-退款手续费 4-商家欠款欠收,5-机构/达人发票逾期补偿",
	"settle_sub_type":  "子结算类型:21-商责赔付冻结,22-商责赔付解冻,23-商责赔付扣款,24-商责赔付索赔 25-商责扣罚冻结,26-商责扣罚解冻,27-商责扣罚扣款,28-商责扣罚索赔 30-以赔代退冻结,31-以赔代退解冻,32-以赔代退扣 罚,33-以赔代退索赔",
	"fund_amount_type": "0 入账 1 出账",
}

// TestCodesAreTheDocuments: every code of the page is in the list with the page's words, and
// nothing else but 0.
func TestCodesAreTheDocuments(t *testing.T) {
	t.Parallel()
	code := regexp.MustCompile(`(\d+)[-:]?([^\d,]+)`)
	for _, list := range CodeLists {
		got := map[int32]string{}
		for _, c := range list.Codes {
			got[c.Value] = c.Chinese
			if c.English == "" || strings.ContainsAny(c.English, "|:;,") {
				t.Errorf("%s %d: %q in English", list.Field, c.Value, c.English)
			}
		}
		if got[0] == "未设置" {
			delete(got, 0)
		}
		want := map[int32]string{}
		for _, m := range code.FindAllStringSubmatch(strings.ReplaceAll(documentedCodes[list.Field], " ", ""), -1) {
			value, err := strconv.Atoi(m[1])
			if err != nil {
				t.Fatal(err)
			}
			want[int32(value)] = m[2]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-page +list):\n%s", list.Field, diff)
		}
	}
	if !SettleSubTypes.Knows(28) || SettleSubTypes.Knows(29) || !SettleSubTypes.Knows(0) || SettleTypes.Knows(0) {
		t.Error("29 is known, or 28 is not, or 0 where it should not")
	}
}

// TestCodeLists: every list belongs to its column, and each column of codes has its list.
func TestCodeLists(t *testing.T) {
	t.Parallel()
	for _, list := range CodeLists {
		if column := Bills.Column(list.Field); column == nil || column.Codes != list || column.Source != list.Field {
			t.Errorf("%s is not the list of its column", list.Field)
		}
	}
	for _, column := range Restatements.Columns() {
		if of := Bills.Column(column.Name); of != nil && of.Codes != column.Codes {
			t.Errorf("restatements.%s has other codes than bills.%s", column.Name, of.Name)
		}
	}
	if got, want := FundAmountTypes.String(), "0 in (入账), 1 out (出账)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := SettleSubTypes.Code(29), (Code{29, "29（未知）", "29 (unknown)"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestCodesInSQL: SQL labels every value as Go does, and NULL as NULL.
func TestCodesInSQL(t *testing.T) {
	t.Parallel()
	var sql, want strings.Builder
	sql.WriteString(".headers off\n.nullvalue NULL\n")
	for _, list := range CodeLists {
		fmt.Fprintf(&sql, "SELECT %s FROM (SELECT unnest(range(-1, 40))::INTEGER AS code) ORDER BY code;\nSELECT %[1]s FROM (SELECT NULL::INTEGER AS code);\n", list.ChineseSQL(DuckDBDialect, "code"))
		for value := int32(-1); value < 40; value++ {
			want.WriteString(list.Code(value).Chinese + "\n")
		}
		want.WriteString("NULL\n")
	}
	if diff := cmp.Diff(want.String(), duckDB(t, "-list", sql.String())); diff != "" {
		t.Errorf("labels (-Go +SQL):\n%s", diff)
	}
}
