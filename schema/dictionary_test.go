package schema

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A language chooses one of the two texts of everything that the data dictionary explains.
type language int

const (
	english language = iota
	chinese
)

func (l language) of(englishText, chineseText string) string {
	if l == chinese {
		return chineseText
	}
	return englishText
}

func (l language) pick(text Bilingual) string { return l.of(text.English, text.Chinese) }

// generated makes the parts of the pages that are generated, by the name in their marks.
var generated = map[string]func(language) string{
	"columns":  columnTables,
	"codes":    codeTables,
	"verdicts": verdictTable,
	"tiers":    tierTable,
	"causes":   causeTable,
	"reasons":  reasonTable,
	"rules":    ruleTable,
	"manifest": manifestTable,
}

// pages are the pages with generated parts, below the folder of pages.
var pages = map[string]language{"tables.md": english, "tables.zh.md": chinese, "reconciliation.md": english, "reconciliation.zh.md": chinese}

// TestDictionary checks the generated parts of the pages against the tables, verdicts,
// reasons and rules, and writes them with -update.
func TestDictionary(t *testing.T) {
	t.Parallel()
	for name, l := range pages {
		path := filepath.Join("../cmd/billwalk/docs", name)
		stored, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		page, parts := string(stored), 0
		for part, generate := range generated {
			begin, end := "<!-- "+part+":begin -->\n", "<!-- "+part+":end -->"
			before, rest, begins := strings.Cut(page, begin)
			_, after, ends := strings.Cut(rest, end)
			if begins && ends {
				page = before + begin + generate(l) + end + after
				parts++
			}
		}
		if want := strings.Count(page, ":begin -->"); parts != want || parts == 0 || strings.HasPrefix(name, "tables") && parts != len(generated) {
			t.Errorf("%s has %d generated parts, and marks for %d", path, parts, want)
		}
		golden(t, path, page)
	}
}

// columnTables describes every column of every table.
func columnTables(l language) string {
	var md strings.Builder
	for _, table := range Tables {
		d := table.Describe()
		fmt.Fprintf(&md, "\n### %s %s\n\n%s\n\n", d.Name, d.Label, l.of(d.Doc, d.ChineseDoc))
		md.WriteString(l.of("| column | label | type | unit | NULL | from | meaning |\n", "| 列 | 中文名 | 类型 | 单位 | 可为 NULL | 来源字段 | 含义 |\n") + "|---|---|---|---|---|---|---|\n")
		for _, c := range d.Columns {
			null := l.of("yes", "是")
			if c.Required {
				null = l.of("never", "否")
			}
			fmt.Fprintf(&md, "| `%s` | %s | %s | %s | %s | %s | %s |\n", c.Name, c.Label, c.Type, unit(l, &c), null, code(c.Source), meaning(l, &c))
		}
	}
	md.WriteString("\n")
	return md.String()
}

func unit(l language, c *Column) string {
	switch {
	case c.Unit == "fen":
		return l.of("fen", "分")
	case c.Type == Timestamp:
		return l.of("µs, UTC", "微秒，UTC")
	}
	return c.Unit
}

func meaning(l language, c *Column) string {
	text := l.of(c.Doc, c.ChineseDoc)
	if c.Codes != nil {
		text += l.of("; codes: ", "；代码：") + "[" + c.Codes.Field + "](#" + c.Codes.Field + ")"
	}
	return strings.NewReplacer("|", `\|`, "<", `\<`).Replace(text)
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

// codeTables explains the numbers of the columns of codes.
func codeTables(l language) string {
	var md strings.Builder
	for _, list := range CodeLists {
		fmt.Fprintf(&md, "\n### %s\n\n%s", list.Field, l.of("| code | meaning | 中文 |\n|---|---|---|\n", "| 代码 | 含义 |\n|---|---|\n"))
		for _, c := range list.Codes {
			fmt.Fprintf(&md, "| %d | %s |\n", c.Value, l.of(c.English+" | "+c.Chinese, c.Chinese))
		}
	}
	md.WriteString("\n")
	return md.String()
}

func verdictTable(l language) string {
	var md strings.Builder
	md.WriteString(l.of("| verdict | 中文 | open | meaning | what to do |\n", "| 取值 | 结论 | 未了 | 意思 | 处理 |\n") + "|---|---|---|---|---|\n")
	for _, v := range Verdicts {
		open := l.of("no", "否")
		if v.Open() {
			open = l.of("yes", "是")
		}
		fmt.Fprintf(&md, "| `%s` | %s | %s | %s | %s |\n", v, v.Label(), open, l.pick(v.Meaning()), l.pick(v.Advice()))
	}
	return md.String()
}

func tierTable(l language) string {
	var md strings.Builder
	md.WriteString(l.of("| matched by | 中文 | what agrees |\n", "| 取值 | 匹配方式 | 什么对上了 |\n") + "|---|---|---|\n")
	for _, tier := range Tiers {
		fmt.Fprintf(&md, "| `%s` | %s | %s |\n", tier, tier.Label(), l.pick(tier.Meaning()))
	}
	return md.String()
}

func causeTable(l language) string {
	var md strings.Builder
	md.WriteString(l.of("| cause | 中文 | meaning |\n", "| 取值 | 差异成因 | 意思 |\n") + "|---|---|---|\n")
	for _, c := range Causes {
		fmt.Fprintf(&md, "| `%s` | %s | %s |\n", c, c.Label(), l.pick(c.Meaning()))
	}
	return md.String()
}

func reasonTable(l language) string {
	var md strings.Builder
	md.WriteString(l.of("| reason | 中文 | meaning | what to do |\n", "| 取值 | 原因 | 意思 | 处理 |\n") + "|---|---|---|---|\n")
	for _, r := range Reasons {
		fmt.Fprintf(&md, "| `%s` | %s | %s | %s |\n", r.Form, strings.ReplaceAll(r.Label.Chinese, "<leg>", "…"), l.pick(r.Meaning), l.pick(r.Advice))
	}
	return md.String()
}

func ruleTable(l language) string {
	var md strings.Builder
	md.WriteString(l.of("| rule | 中文 | usual severity | meaning | what to do |\n", "| 取值 | 异常类型 | 通常为错误或提醒 | 意思 | 处理 |\n") + "|---|---|---|---|---|\n")
	for _, r := range Rules {
		fmt.Fprintf(&md, "| `%s` | %s | %s | %s | %s |\n", r, r.Label(), l.of(string(r.Severity()), string(r.Severity())+" "+r.Severity().Label()), l.pick(r.Meaning()), l.pick(r.Advice()))
	}
	return md.String()
}

// TestEveryColumnIsDocumented checks that all tables and columns have a label and a
// meaning in both languages.
func TestEveryColumnIsDocumented(t *testing.T) {
	t.Parallel()
	for _, table := range Tables {
		d := table.Describe()
		if d.Label == "" || d.Doc == "" || d.ChineseDoc == "" {
			t.Errorf("the table %s lacks a label or its documentation", d.Name)
		}
		for _, c := range d.Columns {
			if c.Label == "" || c.Doc == "" || c.ChineseDoc == "" {
				t.Errorf("%s.%s lacks one of Label %q, Doc %q, ChineseDoc %q", d.Name, c.Name, c.Label, c.Doc, c.ChineseDoc)
			}
		}
	}
}
