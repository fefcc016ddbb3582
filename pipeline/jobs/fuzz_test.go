package jobs

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"billwalk/schema"
)

// outOfRange returns a value of a File that the manual does not allow, or "".
func outOfRange(file *File) string {
	switch l := file.Lake; {
	case !strings.HasPrefix(l.URL, "s3://") && !strings.HasPrefix(l.URL, "file:"), strings.HasSuffix(l.URL, "/"):
		return fmt.Sprintf("lake url %q", l.URL)
	case l.Buckets < 1 || l.Buckets > 256, l.Region == "":
		return fmt.Sprintf("lake %+v", l)
	case len(file.Apps) == 0 || len(file.Jobs) == 0:
		return "no app or no job"
	}
	for name, app := range file.Apps {
		switch {
		case app.Name != name || name == "", app.ClientKey == "", app.ClientSecret.Empty(), !strings.HasPrefix(app.BaseURL, "http"):
			return fmt.Sprintf("app %+v", app)
		case !(app.QPS > 0 && app.QPS <= 1e6), app.Timeout <= 0 || app.Timeout > 10*time.Minute:
			return fmt.Sprintf("app %s: qps %v, timeout %v", name, app.QPS, app.Timeout)
		case app.Callbacks != nil && (len(app.Callbacks.PublicKeys) == 0 || slices.Contains(app.Callbacks.PublicKeys, "")):
			return fmt.Sprintf("app %s: callbacks %+v", name, app.Callbacks)
		}
	}
	for _, name := range file.Names() {
		job, err := file.Job(name)
		if err != nil {
			return fmt.Sprintf("job %q: %v", name, err)
		}
		if problem := jobOutOfRange(file, name, job); problem != "" {
			return fmt.Sprintf("job %q: %s", name, problem)
		}
	}
	return ""
}

func jobOutOfRange(file *File, name string, job Job) string {
	_, known := file.Apps[job.Bills.App]
	switch {
	case job.Name != name || name == "" || !known:
		return fmt.Sprintf("name %q, app %q", job.Name, job.Bills.App)
	case job.Bills.PageSize < 1 || job.Bills.PageSize > 50, job.Bills.Passes < 1 || job.Bills.Passes > 4:
		return fmt.Sprintf("%+v", job.Bills)
	case job.Lookback < 0 || job.Lookback > 90, job.Dates.From.after(job.Dates.To):
		return fmt.Sprintf("lookback %d, dates %v", job.Lookback, job.Dates)
	case !slices.Contains([]CodePolicy{Keep, Hash, Drop}, job.Columns.Code), job.Columns.Code == Hash && job.Columns.CodeKey.Empty():
		return fmt.Sprintf("%+v", job.Columns)
	case len(job.Accounts) == 0:
		return "no accounts"
	}
	ids := make(map[schema.AccountID]bool)
	for _, account := range job.Accounts {
		if _, err := schema.ParseAccountID(string(account.ID)); err != nil || ids[account.ID] {
			return fmt.Sprintf("account %+v, repeated %v", account, ids[account.ID])
		}
		ids[account.ID] = true
	}
	if s := job.Settlements; s != nil {
		_, known := file.Apps[s.App]
		if !known || len(s.Match) == 0 || s.ToleranceFen < 0 {
			return fmt.Sprintf("%+v", s)
		}
		for _, m := range s.Match {
			if !slices.Contains(parameters, m.Parameter) || !slices.Contains(matchColumns, m.Column) {
				return fmt.Sprintf("match %+v", m)
			}
		}
	}
	return ""
}

// lineBreaks replaces all line breaks of YAML by line feeds.
var lineBreaks = strings.NewReplacer("\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")

// checkFaults checks that faults have lines within their files, are sorted, and are one
// line of text each.
func checkFaults(t *testing.T, err error, texts map[string]string) {
	faults, ok := errors.AsType[Faults](err)
	if !ok || len(faults) == 0 {
		t.Fatalf("error is %T: %v", err, err)
	}
	main := true
	for i, f := range faults {
		text, known := texts[f.Path]
		if lines := 2 + strings.Count(lineBreaks.Replace(text), "\n"); !known || f.Line < 1 || f.Line > lines || f.Column < 1 || f.Text == "" {
			t.Fatalf("fault %+v in a file of %d lines", f, lines)
		}
		if strings.ContainsAny(f.Text, "\n\r\x00\x1b") {
			t.Fatalf("fault %q is not one line", f.Text)
		}
		if i > 0 && f.Path == faults[i-1].Path && f.Line < faults[i-1].Line {
			t.Fatalf("faults are not in order of lines:\n%v", err)
		}
		if f.Path == "jobs.yaml" && !main {
			t.Fatalf("faults of accounts files come before those of jobs.yaml:\n%v", err)
		}
		main = f.Path == "jobs.yaml"
	}
}

// A file without faults is within the manual's limits; any other has faults with lines.
func FuzzParse(f *testing.F) {
	manual, err := os.ReadFile(manual)
	if err != nil {
		f.Fatal(err)
	}
	faulty, err := os.ReadFile("testdata/faults.yaml")
	if err != nil {
		f.Fatal(err)
	}
	const sheet = "account_id,name\n1,甲\n"
	for _, text := range []string{string(manual), string(faulty), minimal, strings.ReplaceAll(minimal, "[{account_id: 7047437174853240835}]", "{file: a.csv}"), "", "---\n---\n", "a: &a [*a]"} {
		f.Add(text, sheet, "10")
	}
	f.Fuzz(func(t *testing.T, text, sheet, held string) {
		vars := maps.Clone(credentials)
		vars["HELD"] = held
		env := func(name string) (string, bool) {
			value, ok := vars[name]
			return value, ok
		}
		file, err := Parse([]byte(text), "jobs.yaml", env, files(map[string]string{"a.csv": sheet}))
		texts := map[string]string{"jobs.yaml": text, "a.csv": sheet}
		if err != nil {
			checkFaults(t, err, texts)
			return
		}
		for _, name := range file.Names() {
			if _, err := file.Job(name); err != nil {
				checkFaults(t, err, texts)
				return
			}
		}
		if len(file.pending) > 0 {
			return // of an app that no job uses, or of its callbacks
		}
		if problem := outOfRange(file); problem != "" {
			t.Fatal(problem)
		}
	})
}
