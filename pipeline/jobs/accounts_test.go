package jobs

import (
	"slices"
	"strings"
	"testing"

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
	const emptyFile = csv + "1:1: the file is empty: want a header of root_account_id, account_id, name, then one account per line"
	const ruined = "want an id of plain digits: this one was taken for a number and has lost digits; take it from the console again, and export the column as text, found "
	for _, c := range []struct{ sheet, want string }{
		{"account_id\n", "conf/jobs.yaml:7:15: accounts: want at least one account, found none"},
		{"account_id,nme\n1,a\n", csv + `1:12: unknown column "nme": did you mean "name"?`},
		{"id\n1\n", csv + `1:1: unknown column "id": the columns here are root_account_id, account_id, name`},
		{"7047437174853240835\n", csv + `1:1: unknown column "7047437174853240835": the columns here are root_account_id, account_id, name`},
		{"name\na\n", csv + "1:1: the header has neither root_account_id nor account_id"},
		{"account_id,account_id\n1,2\n", csv + "1:12: column account_id is repeated"},
		{"account_id,name\n1,a,b\n", csv + "2:5: the header has no column for this cell: put a text with a comma in quotes"},
		{"account_id,,name\n1,a,b\n", csv + "2:3: the header has no column for this cell: put a text with a comma in quotes"},
		{"account_id,root_account_id\n1,2\n", csv + "2:1: accounts: want either root_account_id or account_id, found both"},
		{"account_id,name\n,a\n", csv + "2:1: accounts: want either root_account_id or account_id, found neither"},
		{"account_id\n7.11389E+18\n", csv + "2:1: account_id: " + ruined + `"7.11389E+18"`},
		{"account_id\n7113893944009705516.0\n", csv + "2:1: account_id: " + ruined + `"7113893944009705516.0"`},
		{"account_id\n../../x\n", csv + `2:1: account_id: want an id of 1 to 32 digits, found "../../x"`},
		{"account_id\n７０４\n", csv + `2:1: account_id: want an id of 1 to 32 digits, found "７０４"`},
		{"account_id\n" + strings.Repeat("1", 33) + "\n", csv + `2:1: account_id: want an id of 1 to 32 digits, found "` + strings.Repeat("1", 33) + `"`},
		{"account_id,name\n1,a\"b\n", csv + `2:4: this is not CSV: bare " in non-quoted-field (a quote inside quotes is written twice)`},
		{"account_id,name\n1,\xb2\xcd\n", csv + `2:3: this is not UTF-8 text: in a spreadsheet, save it as "CSV UTF-8"`},
		{"account_id,name\n1,a\n1,b\n", csv + "3:1: this account has another name in line 2: keep one of them"},
		{"account_id,root_account_id\n1\n,1\n", csv + "3:2: this account is listed as root_account_id and, in line 2, as account_id: keep one of them"},
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
		"{file: lost.csv}":            `7:22: file: want an accounts file, found "lost.csv": file does not exist`,
		"[704]":                       "7:16: accounts: want keys with values, found a text",
		"[{account: 1}]":              `7:17: unknown key "account": did you mean "account_id"?`,
		"[{account_id: 7.1e18}]":      `7:29: account_id: want an id of plain digits: this one was taken for a number and has lost digits; take it from the console again, and export the column as text, found "7.1e18"`,
		"[{account_id: 0x1F}]":        `7:29: account_id: want an id of 1 to 32 digits, found "0x1F"`,
		"[{account_id: 7_0}]":         `7:29: account_id: want an id of 1 to 32 digits, found "7_0"`,
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

// A spreadsheet that keeps 15 digits leaves an id that looks whole.
func TestRoundedIDWarns(t *testing.T) {
	t.Parallel()
	job, err := fromSheet(t, "account_id\n7113893944009700000\n7113893944009705516\n100\n")
	if err != nil || len(job.Accounts) != 3 {
		t.Fatalf("%+v, %v", job.Accounts, err)
	}
	want := []string{"conf/sheets/a.csv:2: account 7113893944009700000 ends in zeros, as if a spreadsheet had rounded it: compare it with the console"}
	if !slices.Equal(job.Warnings, want) {
		t.Errorf("warnings %q, want %q", job.Warnings, want)
	}
}

// Two jobs may share a file; its faults are told once, after jobs.yaml's own.
func TestSharedAccountsFile(t *testing.T) {
	t.Parallel()
	text := changed(t, "[{account_id: 7047437174853240835}]", "{file: a.csv}") + "  weekly: {accounts: {file: a.csv}, bills: {app: life}, lookback: 7}\n"
	_, err := parse(t, text, nil, map[string]string{"a.csv": "account_id\nx\n"})
	wantFaults(t, err, `jobs.yaml:9:67: lookback: want days from 0d to 90d, such as 7d, found "7"`+"\n"+
		`a.csv:2:1: account_id: want an id of 1 to 32 digits, found "x"`)
}
