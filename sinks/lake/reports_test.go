package lake

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"billwalk/schema"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

func reportOf(made string, days schema.Day) ReportFiles {
	return ReportFiles{Job: "nightly", From: day, To: day + days - 1, Page: strings.NewReader("page " + made), Workbook: strings.NewReader("workbook " + made)}
}

func contentOf(t *testing.T, store object.Store, key string) string {
	t.Helper()
	data, _, err := object.ReadAll(t.Context(), store, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestPutReport: a report replaces that of the same days, and the latest unless that is of
// later ones.
func TestPutReport(t *testing.T) {
	t.Parallel()
	store := objecttest.NewMem()
	l, err := Open(t.Context(), store, 1, "test")
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		made        string
		days        schema.Day
		key, latest string
	}{
		{"a", 2, "reports/nightly/2026-11-20_2026-11-21/report.html", "a"},
		{"b", 1, "reports/nightly/2026-11-20/report.html", "a"},
		{"c", 2, "reports/nightly/2026-11-20_2026-11-21/report.html", "c"},
	} {
		key, err := l.PutReport(t.Context(), reportOf(step.made, step.days))
		if err != nil || key != step.key {
			t.Fatalf("%s, %v", key, err)
		}
		for key, made := range map[string]string{key: step.made, LatestReport("nightly"): step.latest} {
			if got := contentOf(t, store, key) + ", " + contentOf(t, store, workbookKey(key)); got != "page "+made+", workbook "+made {
				t.Errorf("%s: %s, want those of %s", key, got, made)
			}
		}
	}
}

// TestPutReportsAtOnce: of reports at once, page and workbook are of one.
func TestPutReportsAtOnce(t *testing.T) {
	t.Parallel()
	for range 100 {
		store := objecttest.NewMem()
		l, err := Open(t.Context(), store, 1, "test")
		if err != nil {
			t.Fatal(err)
		}
		var writers sync.WaitGroup
		for writer := range 4 {
			writers.Go(func() {
				if _, err := l.PutReport(t.Context(), reportOf(fmt.Sprint(writer), 1)); err != nil {
					t.Error(err)
				}
			})
		}
		writers.Wait()
		for _, key := range []string{reportKey("nightly", day, day), LatestReport("nightly")} {
			page, workbook := contentOf(t, store, key), contentOf(t, store, workbookKey(key))
			if strings.TrimPrefix(page, "page") != strings.TrimPrefix(workbook, "workbook") {
				t.Fatalf("%s: %s beside %s", key, page, workbook)
			}
		}
	}
}

// TestPutReportOvertaken: another report comes between each two operations of one, which then
// leaves what is newer, or replaces all of it.
func TestPutReportOvertaken(t *testing.T) {
	t.Parallel()
	for at := range 12 {
		store, n, busy := objecttest.NewMem(), 0, false
		l, err := Open(t.Context(), store, 1, "test")
		if err != nil {
			t.Fatal(err)
		}
		store.Fault = func(objecttest.Op, string) (bool, error) {
			if busy {
				return true, nil
			}
			if n++; n == at+1 {
				busy = true
				if _, err := l.PutReport(t.Context(), reportOf("other", 1)); err != nil {
					t.Error(err)
				}
				busy = false
			}
			return true, nil
		}
		if _, err := l.PutReport(t.Context(), reportOf("own", 1)); err != nil {
			t.Fatal(err)
		}
		store.Fault = nil
		for _, key := range []string{reportKey("nightly", day, day), LatestReport("nightly")} {
			page, workbook := contentOf(t, store, key), contentOf(t, store, workbookKey(key))
			if strings.TrimPrefix(page, "page") != strings.TrimPrefix(workbook, "workbook") {
				t.Errorf("overtaken before operation %d: %s: %s beside %s", at, key, page, workbook)
			}
		}
	}
}

// TestPutReportFails: a store that refuses is an error.
func TestPutReportFails(t *testing.T) {
	t.Parallel()
	store := objecttest.NewMem()
	l, err := Open(t.Context(), store, 1, "test")
	if err != nil {
		t.Fatal(err)
	}
	store.Fault = func(objecttest.Op, string) (bool, error) { return false, object.ErrDenied }
	if _, err := l.PutReport(t.Context(), reportOf("a", 1)); !errors.Is(err, object.ErrDenied) {
		t.Error(err)
	}
}
