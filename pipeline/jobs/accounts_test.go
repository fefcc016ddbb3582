package jobs

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"billwalk/schema"
)

func fromSheet(t *testing.T, sheet string) (Job, error) {
	t.Helper()
	text := changed(t, "[{account_id: 7047437174853240835}]", "{file: sheets/a.csv}")
	file, err := Parse([]byte(text), "conf/jobs.yaml", environment(nil), files(map[string]string{"conf/sheets/a.csv": sheet}))
	if err != nil {
		return Job{}, err
	}
	return mustJob(t, file, "nightly"), nil
}

// utf16LE writes a text as Excel's "Unicode text" does.
func utf16LE(text string) string {
	out := "\xff\xfe"
	for _, unit := range utf16.Encode([]rune(text)) {
		out += string([]byte{byte(unit), byte(unit >> 8)})
	}
	return out
}

func TestAccountsFile(t *testing.T) {
	t.Parallel()
	root := schema.Account{ID: "7113893944009705516", Root: true, Name: "某某餐饮"}
	leaf := schema.Account{ID: "7047437174853240835"}
	for name, c := range map[string]struct {
		sheet string
		want  []schema.Account
	}{
		"all columns":          {"root_account_id,account_id,name\n7113893944009705516,,某某餐饮\n,7047437174853240835,\n", []schema.Account{root, leaf}},
		"other order":          {"name,account_id,root_account_id\n某某餐饮,,7113893944009705516\n,7047437174853240835,\n", []schema.Account{root, leaf}},
		"one column":           {"account_id\n7047437174853240835", []schema.Account{leaf}},
		"BOM and CRLF":         {"\ufeffaccount_id,name\r\n7047437174853240835,\r\n", []schema.Account{leaf}},
		"BOM before a quote":   {"\ufeff\"account_id\"\n7047437174853240835\n", []schema.Account{leaf}},
		"empty lines":          {"\n\n  \naccount_id,name\n\n,\n7047437174853240835,\n  ,\t\n\n", []schema.Account{leaf}},
		"blanks":               {" account_id ,\tname\n 7047437174853240835 , \"甲, 乙\"\n", []schema.Account{{ID: leaf.ID, Name: "甲, 乙"}}},
		"quotes":               {"account_id,name\n\"7047437174853240835\",\"a \"\"b\"\",\nc\"\n", []schema.Account{{ID: leaf.ID, Name: "a \"b\",\nc"}}},
		"short line":           {"account_id,name\n7047437174853240835\n", []schema.Account{leaf}},
		"columns of blanks":    {"account_id,,\n7047437174853240835,,,\n", []schema.Account{leaf}},
		"semicolons":           {"root_account_id;account_id;name\r\n7113893944009705516;;某某餐饮\r\n;7047437174853240835;\r\n", []schema.Account{root, leaf}},
		"semicolons, quotes":   {"\ufeff\"account_id\";\"name\"\n\"7047437174853240835\";\"甲, 乙; 丙\"\n", []schema.Account{{ID: leaf.ID, Name: "甲, 乙; 丙"}}},
		"tabs":                 {"root_account_id\taccount_id\tname\n7113893944009705516\t\t某某餐饮\n\t7047437174853240835\t\n", []schema.Account{root, leaf}},
		"Unicode text":         {utf16LE("account_id\tname\r\n7047437174853240835\t甲, 乙\r\n"), []schema.Account{{ID: leaf.ID, Name: "甲, 乙"}}},
		"a tab in a name":      {"account_id,name\n7047437174853240835,甲\t乙\n", []schema.Account{{ID: leaf.ID, Name: "甲\t乙"}}},
		"a semicolon in it":    {"account_id,name\n7047437174853240835,甲;乙\n", []schema.Account{{ID: leaf.ID, Name: "甲;乙"}}},
		"repeated":             {"account_id,name\n7047437174853240835,甲\n7047437174853240835, 甲\n", []schema.Account{{ID: leaf.ID, Name: "甲"}}},
		"no expansion in data": {"account_id,name\n7047437174853240835,${HOME} $$ $\n", []schema.Account{{ID: leaf.ID, Name: "${HOME} $$ $"}}},
		"hostile name":         {"account_id,name\n7047437174853240835,=cmd|' /C calc'!A0\n", []schema.Account{{ID: leaf.ID, Name: "=cmd|' /C calc'!A0"}}},
	} {
		job, err := fromSheet(t, c.sheet)
		if err != nil || !slices.Equal(job.Accounts, c.want) {
			t.Errorf("%s: %+v, %v; want %+v", name, job.Accounts, err, c.want)
		}
	}
}

func TestAccountsFileFaults(t *testing.T) {
	t.Parallel()
	const csv = "conf/sheets/a.csv:"
	const emptyFile = csv + "1:1: the file is empty: want a header of root_account_id, account_id, name, until, then one account per line"
	const ruined = "want an id of plain digits: this one was taken for a number and has lost digits; take it from the console again, and export the column as text, found "
	for _, c := range []struct{ sheet, want string }{
		{"account_id\n", "conf/jobs.yaml:7:15: accounts: want at least one account, found none"},
		{"account_id,nme\n1,a\n", csv + `1:12: unknown column "nme": did you mean "name"?`},
		{"id\n1\n", csv + `1:1: unknown column "id": the columns here are root_account_id, account_id, name, until`},
		{"7047437174853240835\n", csv + `1:1: unknown column of 19 characters: the columns here are root_account_id, account_id, name, until`},
		{"name\na\n", csv + "1:1: the header has neither root_account_id nor account_id"},
		{"account_id,account_id\n1,2\n", csv + "1:12: column account_id is repeated"},
		{"account_id,name\n1,a,b\n", csv + "2:5: the header has no column for this cell: put a text with the separator in quotes"},
		{"account_id,,name\n1,a,b\n", csv + "2:3: the header has no column for this cell: put a text with the separator in quotes"},
		{"account_id,root_account_id\n1,2\n", csv + "2:1: accounts: want either root_account_id or account_id, found both"},
		{"account_id,name\n,a\n", csv + "2:1: accounts: want either root_account_id or account_id, found neither"},
		{"account_id\n7.11389E+18\n", csv + "2:1: account_id: " + ruined + `"7.11389E+18"`},
		{"account_id\n7113893944009705516.0\n", csv + "2:1: account_id: " + ruined + `"7113893944009705516.0"`},
		{"account_id\n../../x\n", csv + `2:1: account_id: want an id of 1 to 32 digits, found a text of 7 characters`},
		{"account_id\n７０４\n", csv + `2:1: account_id: want an id of 1 to 32 digits, found a text of 3 characters`},
		{"account_id\n" + strings.Repeat("1", 33) + "\n", csv + `2:1: account_id: want an id of 1 to 32 digits, found "` + strings.Repeat("1", 33) + `"`},
		{"account_id,name\n1,a\"b\n", csv + `2:4: this is not CSV: bare " in non-quoted-field (a quote inside quotes is written twice)`},
		{"account_id,name\n1,\xb2\xcd\n", csv + `2:3: this is not UTF-8 text: in a spreadsheet, save it as "CSV UTF-8"`},
		{"account_id,name\n1,a\n1,b\n", csv + "3:1: this account has another name in line 2: keep one of them"},
		{"account_id,root_account_id\n1\n,1\n", csv + "3:2: this account is listed as root_account_id and, in line 2, as account_id: keep one of them"},
		{"account_id，name\n1，a\n", csv + `1:1: column "account_id，name" is several: separate the cells of each line by a comma (,), a semicolon or a tab`},
		{"account_id|name\n1|a\n", csv + `1:1: column "account_id|name" is several: separate the cells of each line by a comma (,), a semicolon or a tab`},
		{"account_id name\n1 a\n", csv + `1:1: column "account_id name" is several: separate the cells of each line by a comma (,), a semicolon or a tab`},
		{"account_id;name\n1,a\n", csv + `2:1: account_id: want an id of 1 to 32 digits, found a text of 3 characters`},
		{"account_id;name\n1;a;b\n", csv + "2:5: the header has no column for this cell: put a text with the separator in quotes"},
		{"account_id\n7047437174853240835\u200b\n", csv + `2:1: account_id: want an id of 1 to 32 digits, without invisible characters (it has U+200B), found a text of 20 characters`},
		{"account_id,until\n1,soon\n", csv + `2:3: until: want a day such as 2026-12-31, found a text of 4 characters`},
		{"account_id,until\n1,2026-12-31\n1,2026-12-30\n", csv + "3:1: this account has another until in line 2: keep one of them"},
		{"", emptyFile},
		{"\n , \n", emptyFile},
	} {
		_, err := fromSheet(t, c.sheet)
		if err == nil {
			t.Errorf("%q: no fault, want %s", c.sheet, c.want)
			continue
		}
		wantFaults(t, err, c.want)
	}
}

func TestAccountsUntil(t *testing.T) {
	t.Parallel()
	vars := map[string]string{"DAY": "2026-12-31"}
	file := mustParse(t, changed(t, "[{account_id: 7047437174853240835}]", `[{account_id: 1, until: 2026-12-31}, {account_id: 2}, {account_id: 3, until: "${DAY}"}]`), vars, nil)
	day := schema.DayOf(time.Date(2026, 12, 31, 0, 0, 0, 0, schema.China))
	want := map[schema.AccountID]schema.Day{"1": day, "3": day}
	if got := mustJob(t, file, "nightly").Until; !maps.Equal(got, want) {
		t.Errorf("until %v, want %v", got, want)
	}
}

func TestAccountsInline(t *testing.T) {
	t.Parallel()
	with := func(list string) string {
		return changed(t, "[{account_id: 7047437174853240835}]", list)
	}
	vars := map[string]string{"ID": "7113893944009705516", "BAD": "canary-id"}
	file := mustParse(t, with(`[{account_id: 18446744073709551617}, {account_id: "${ID}", name: "甲\n乙"}, {account_id: 007}, {account_id: 18446744073709551617}]`), vars, nil)
	want := []schema.Account{{ID: "18446744073709551617"}, {ID: "7113893944009705516", Name: "甲\n乙"}, {ID: "007"}}
	if got := mustJob(t, file, "nightly").Accounts; !slices.Equal(got, want) {
		t.Errorf("accounts %+v, want %+v", got, want)
	}
	for list, want := range map[string]string{
		"[]":                          "7:15: accounts: want at least one account, found none",
		"":                            "7:14: accounts: want a list of accounts or {file: accounts.csv}, found nothing",
		"a.csv":                       "7:15: accounts: want a list of accounts or {file: accounts.csv}, found a text",
		"{}":                          `7:15: accounts: key "file" is missing`,
		"{file: lost.csv}":            `7:22: file: want an accounts file, found a text of 8 characters: file does not exist`,
		"[704]":                       "7:16: accounts: want keys with values, found a text",
		"[{account: 1}]":              `7:17: unknown key "account": did you mean "account_id"?`,
		"[{account_id: 7.1e18}]":      `7:29: account_id: want an id of plain digits: this one was taken for a number and has lost digits; take it from the console again, and export the column as text, found "7.1e18"`,
		"[{account_id: 0x1F}]":        `7:29: account_id: want an id of 1 to 32 digits, found a text of 4 characters`,
		"[{account_id: 7_0}]":         `7:29: account_id: want an id of 1 to 32 digits, found a text of 3 characters`,
		"[{account_id: }]":            "7:29: account_id: want a text, found nothing",
		"[{account_id: , name: [甲]}]": "7:29: account_id: want a text, found nothing\njobs.yaml:7:37: name: want a text, found a list",
		"[{account_id: [1]}]":         "7:29: account_id: want a text, found a list",
		"[{account_id: 1}, {root_account_id: 1}]": "7:51: this account is listed as root_account_id and, in line 7, as account_id: keep one of them",
	} {
		_, err := parse(t, with(list), vars, nil)
		wantFaults(t, err, "jobs.yaml:"+want)
	}
	file = mustParse(t, with(`[{account_id: "${BAD}"}]`), vars, nil)
	_, err := file.Job("nightly")
	wantFaults(t, err, "jobs.yaml:7:29: account_id: want an id of 1 to 32 digits, found the value of ${BAD}")
}

// TestRoundedIDs: ids that a program rounded are valid. One warning names all their
// lines; there is none about correct ids.
func TestRoundedIDs(t *testing.T) {
	t.Parallel()
	whole := []string{"7113893944009705516", "7047437174853240835", "7246810121416182022", "6899001122334455667"}
	many := strings.Repeat(strings.Join(whole, "\n")+"\n", 3)
	for name, c := range map[string]struct {
		sheet string
		want  string // how the one warning begins; "": none
	}{
		"whole":                      {many, ""},
		"15 digits of a spreadsheet": {"7113893944009700000\n7047437174853240835\n100\n", "2: account 7113893944009700000, of 3, looks"},
		"a float's digits":           {"7246810121416182022\n7246810121416181760\n", "3: account 7246810121416181760, of 2, looks as if JSON, pandas or a spreadsheet had rounded it; by chance, one whole id in 1024 does"},
		"a float's shortest decimal": {"7246810121416182000\n", "2: account 7246810121416182000, of 1, looks as if JSON, pandas or a spreadsheet had rounded it; by chance, one whole id in 1000 does"},
		"two lines":                  {"7246810121416182022\n7246810121416181760\n7047437174853240835\n7047437174853240832\n", "3,5: 2 of 4 accounts, the first 7246810121416181760, look"},
		"one of many":                {many + "7246810121416181760\n", "14: account 7246810121416181760, of 5"},
		"a smaller id, by itself":    {"72468101214161824\n", ""}, // a multiple of 16, as one in 16 is
		"smaller ids, all":           {"72468101214161824\n72468101214161936\n72468101214169984\n", "2,3,4: 3 of 3 accounts"},
		"smaller ids, not all":       {"72468101214161824\n72468101214161936\n72468101214169984\n72468101214169985\n", ""},
		"exact, below 2^53":          {"9007199254740992\n4503599627370496\n", ""},
		"16 digits of a spreadsheet": {"1234567890123450\n", "2: account 1234567890123450"},
		"an even id of 2^53":         {"9007199254740994\n", ""},
		"20 digits, beyond 64 bits":  {"18446744073709551616\n", "2: account 18446744073709551616"},
		"20 digits, whole":           {"18446744073709551617\n", ""},
		"more lines than are named": {func() (s string) {
			for i := range 25 {
				s += fmt.Sprint(7246810121416181760+1024*int64(i)) + "\n"
			}
			return s
		}(), "2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21 and 5 more lines: 25 of 25 accounts"},
	} {
		job, err := fromSheet(t, "account_id\n"+c.sheet)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := strings.Join(job.Warnings, "\n"); len(job.Warnings) > 1 || (got == "") != (c.want == "") || !strings.HasPrefix(got, "conf/sheets/a.csv:"[:min(len(got), 18)]+c.want) {
			t.Errorf("%s: warnings %q, want one with %q", name, job.Warnings, c.want)
		}
	}
	text := changed(t, "[{account_id: 7047437174853240835}]", `[{account_id: "${ID}"}, {account_id: 7047437174853240835}]`)
	job := mustJob(t, mustParse(t, text, map[string]string{"ID": "7246810121416181760"}, nil), "nightly")
	if got := strings.Join(job.Warnings, "\n"); !strings.HasPrefix(got, "jobs.yaml:7: account, of 2, looks") || strings.Contains(got, "7246810") {
		t.Errorf("warnings %q, want the line without the variable's value", got)
	}
}

// The faults of a file that two jobs share are reported once, after those of jobs.yaml.
func TestSharedAccountsFile(t *testing.T) {
	t.Parallel()
	text := changed(t, "[{account_id: 7047437174853240835}]", "{file: a.csv}") + "  weekly: {accounts: {file: a.csv}, bills: {app: life}, lookback: 7}\n"
	_, err := parse(t, text, nil, map[string]string{"a.csv": "account_id\nx\n"})
	wantFaults(t, err, `jobs.yaml:9:67: lookback: want days from 0d to 90d, such as 7d, found "7"`+"\n"+
		`a.csv:2:1: account_id: want an id of 1 to 32 digits, found a text of 1 character`)
}
