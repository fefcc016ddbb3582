package truth

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline"
	"billwalk/schema"
	"billwalk/sinks/object/objecttest"
)

// TestPinnedVersions: in a bucket with versions, views that were printed by version have exactly the rows of their night, also
// when runs have replaced the files, where plain pinned views ask for a new print. In the middle of a night they can be printed
// of the night before. They need no key, and have none.
func TestPinnedVersions(t *testing.T) {
	billwalktest.RequireDuckDB(t)
	extension := os.Getenv("BILLWALK_DUCKDB_HTTPFS")
	if extension == "" {
		t.Skip("no BILLWALK_DUCKDB_HTTPFS: DuckDB cannot read http://")
	}
	s3 := objecttest.StartVersionedS3(t)
	n := newPinnedNights(t, billwalktest.BucketLake(s3, "版本/x=1"))
	first, last := n.first, n.last
	load := fmt.Sprintf("LOAD '%s';\n", extension)
	print := func(flags ...string) string {
		t.Helper()
		code, sql, text := n.pinned(flags...)
		if code != pipeline.ExitDone {
			t.Fatalf("%v: exit %d: %s", flags, code, text)
		}
		return load + sql
	}

	whole := n.run(t, n.config, first, last)
	var said bytes.Buffer
	if code := billwalktest.CommandLine([]string{"--config", n.config, "close", "nightly", "--day", first.String(), "--by", "finance"}, &said, &said); code != pipeline.ExitDone {
		t.Fatalf("close: exit %d: %s", code, &said)
	}
	plain, signed := print("--credentials", "env"), print("--versions", "12h")
	rows := allRows(t, plain)
	if diff := cmp.Diff(rows, allRows(t, signed)); diff != "" {
		t.Errorf("rows (-plain +by version):\n%s", diff)
	}
	if strings.Contains(signed, s3.SecretKey) || strings.Contains(signed, "SECRET") || !strings.Contains(signed, "whoever has this text can read these files without a key until 20") {
		t.Errorf("the views by version have a key, or do not say what they are:\n%s", signed[:min(len(signed), 2000)])
	}

	middle := []schema.Day{first + 1, first + 2}
	n.server.killRun(t, n.again, middle[0], middle[1])
	if code, _, text := n.pinned(); code != pipeline.ExitFailed || !strings.Contains(text, "--versions") {
		t.Errorf("in the middle of a night: exit %d: %s", code, text)
	}
	before := print("--versions", "12h")
	if !strings.Contains(before, "\n-- As the night before left them: "+middle[0].String()) {
		t.Errorf("not said whose files these are:\n%s", before[:min(len(before), 2000)])
	}
	for name, views := range map[string]string{"printed before": signed, "printed in the middle": before} {
		checkPinned(t, views, whole.Partitions)
		if diff := cmp.Diff(rows, allRows(t, views)); diff != "" {
			t.Errorf("%s: rows (-first night):\n%s", name, diff)
		}
	}
	rest := slices.DeleteFunc(slices.Clone(whole.Partitions), func(o schema.Object) bool { return slices.Contains(middle, o.Day) })
	checkPinned(t, print("--versions", "12h", "--whole-days"), rest)

	healed := n.run(t, n.again, middle[0], middle[1])
	if said, err := duckdb(plain + "SELECT count(*) FROM bills WHERE account_id = 'none';"); err == nil || !strings.Contains(said, "have been replaced since these views were printed") {
		t.Errorf("the plain views of the first night: %v, %s", err, said)
	}
	if diff := cmp.Diff(rows, allRows(t, signed)); diff != "" {
		t.Errorf("by version, after the second night: rows (-first night):\n%s", diff)
	}
	latest := print("--versions", "168h")
	checkPinned(t, latest, append(rest, healed.Partitions...))
	if diff := cmp.Diff(allRows(t, print("--credentials", "env")), allRows(t, latest)); diff != "" {
		t.Errorf("the second night: rows (-plain +by version):\n%s", diff)
	}
}

// allRows returns the number of rows of each table and view with a hash of all of them.
func allRows(t *testing.T, views string) []string {
	t.Helper()
	names := []string{"units", "balances", "resolutions", "closings"}
	for _, table := range schema.Tables {
		names = append(names, table.Describe().Name)
	}
	query := views
	for _, name := range names {
		query += fmt.Sprintf("SELECT '%s', count(*), sum(hash(t)::HUGEINT) FROM %[1]s AS t;\n", name)
	}
	text, err := duckdb(query)
	if err != nil {
		t.Fatalf("duckdb: %v, %s", err, text)
	}
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[max(0, len(lines)-len(names)):] // before them, what is said of a secret
}
