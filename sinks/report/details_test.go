package report

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// detailsOf returns what the source file says in exceptions, with x or 1 for what varies.
func detailsOf(t *testing.T, path string) (details []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.KeyValueExpr:
			if name, ok := n.Key.(*ast.Ident); ok && name.Name == "Detail" {
				details = append(details, textOfExpr(n.Value))
			}
		case *ast.AssignStmt:
			if field, ok := n.Lhs[0].(*ast.SelectorExpr); ok && field.Sel.Name == "Detail" {
				details = append(details, textOfExpr(n.Rhs[0]))
			}
		case *ast.CallExpr:
			if method, ok := n.Fun.(*ast.SelectorExpr); ok && len(n.Args) > 1 {
				switch method.Sel.Name {
				case "report", "conflict", "contradict":
					details = append(details, textOfExpr(said(n.Args[1:])))
				case "identity":
					details = append(details, textOfExpr(n.Args[len(n.Args)-1]))
				}
			}
		}
		return true
	})
	return details
}

// said returns the argument that is a text, or else the first.
func said(arguments []ast.Expr) ast.Expr {
	for _, e := range arguments {
		if literal, ok := e.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			return e
		}
	}
	return arguments[0]
}

var verb = regexp.MustCompile(`%[-+.0-9]*[a-z]`)

// textOfExpr returns the text that an expression gives, with x or 1 for what is not a literal.
func textOfExpr(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, _ := strconv.Unquote(e.Value)
		return verb.ReplaceAllStringFunc(text, func(verb string) string {
			if strings.HasSuffix(verb, "d") {
				return "1"
			}
			return "x"
		})
	case *ast.BinaryExpr:
		return textOfExpr(e.X) + textOfExpr(e.Y)
	case *ast.CallExpr:
		if len(e.Args) > 0 {
			if text := textOfExpr(e.Args[0]); len(text) > 1 {
				return text
			}
		}
	}
	return "x"
}

// Whatever an exception says, the Chinese page and workbook say in Chinese.
func TestDetailsAreChinese(t *testing.T) {
	known := 0
	for _, folder := range []string{"normalise", "evidence", "build", "reconcile", "withdraw"} {
		files, err := filepath.Glob("../../pipeline/" + folder + "/*.go")
		if err != nil || len(files) == 0 {
			t.Fatalf("%v: %d files", err, len(files))
		}
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			for _, detail := range detailsOf(t, path) {
				if detail == "x: x" || !strings.Contains(detail, " ") {
					continue // passed on from elsewhere
				}
				known++
				if text := detailText(detail); !strings.ContainsFunc(text.Chinese, func(r rune) bool { return unicode.Is(unicode.Han, r) }) || text.English != detail {
					t.Errorf("%s: no pattern of details.go has %q", path, detail)
				}
			}
		}
	}
	if known < 25 {
		t.Errorf("%d details were found, which are too few", known)
	}
	for detail, want := range map[string]string{
		"fund_amount_type 2 says -1, settle_type 1 says +1; fund_amount_type is taken": "资金方向 2 为出账，结算类型 1 应为入账；以资金方向为准",
		"biz_type 99 is not documented": "业务类型 99 不在平台文档中",
		"amount.pay is -100, and amounts are documented without a sign; the column is NULL": "实付为 -100 分，而文档中的金额不带符号；按未知处理",
		"asked for order_id \"1\", got a settlement of \"$2{3}\"; it is linked to no order": "查的是交易订单号 \"1\"，返回的是 \"$2{3}\" 的分账；不归入任何订单",
		"settle_time lies on 2026-11-02, the bill on 2026-11-01":                            "结算时间在 2026-11-02，账单日为 2026-11-01",
		"withdrawal 55: withdrawal 56 pays the bill as well":                                "提现 55：提现 56 也付了这笔账单",
		"withdrawal 55: no published day has the bill of account 7 that was settled on d":   "提现 55：已发布的各天都没有账户 7 于 d 结算的这笔账单",
		"withdrawal 55: settle_time lies on x, the bill on y":                               "提现 55：结算时间在 x，账单日为 y",
		"of a later version": "of a later version",
	} {
		if got := detailText(detail).Chinese; got != want {
			t.Errorf("%q is %q, want %q", detail, got, want)
		}
	}
}
