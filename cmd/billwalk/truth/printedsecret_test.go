package truth

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/sinks/object/objecttest"
)

// TestPrintedSecret has DuckDB read a lake over s3:// by what ddl prints for a job, as it is, with
// the keys in the environment only; pinned, too; and by the credential chain, if DuckDB's extension
// aws is at hand.
func TestPrintedSecret(t *testing.T) {
	billwalktest.RequireDuckDB(t)
	extension := os.Getenv("BILLWALK_DUCKDB_HTTPFS")
	if extension == "" {
		t.Skip("no BILLWALK_DUCKDB_HTTPFS: DuckDB cannot read s3://")
	}
	s3 := objecttest.StartS3(t)
	platform := billwalktest.Serve(t, billwalktest.World(1, 30))
	j := billwalktest.Job{
		Lake: billwalktest.BucketLake(s3, "printed/prod"), Platform: platform.URL, Accounts: platform.Accounts(), QPS: 2000, Trade: 2000, Lookback: billwalktest.Lookback,
	}
	config := j.Write(t)
	day := billwalktest.FirstDay.String()
	s, _ := billwalktest.Run(t, config, "run", "nightly", "--from", day, "--to", day)
	var refused bytes.Buffer
	if code := billwalktest.CommandLine([]string{"--config", config, "ddl", "duckdb", "--pinned", "--versions", "12h"}, io.Discard, &refused); code != 2 || !strings.Contains(refused.String(), "keeps no versions") {
		t.Errorf("by version, of a bucket without versions: exit %d: %s", code, &refused)
	}
	install := fmt.Sprintf("SET extension_directory = '%s'; INSTALL '%s';\n", t.TempDir(), extension)
	kinds := [][]string{{"--credentials", "env"}, {"--credentials", "env", "--pinned"}}
	if chain := os.Getenv("BILLWALK_DUCKDB_AWS"); chain != "" {
		install += fmt.Sprintf("INSTALL '%s';\n", chain)
		kinds = append(kinds, []string{"--credentials", "chain"})
	}
	for _, flags := range kinds {
		var views bytes.Buffer
		args := append([]string{"--config", config, "ddl", "duckdb", "--job", "nightly"}, flags...)
		if code := billwalktest.CommandLine(args, &views, io.Discard); code != 0 {
			t.Fatalf("ddl: exit %d", code)
		}
		if strings.Contains(views.String(), s3.SecretKey) || strings.Contains(views.String(), s3.AccessKey) {
			t.Errorf("ddl prints a key")
		}
		cmd := exec.Command("duckdb", "-no-init", "-bail", "-list", "-noheader")
		cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID="+s3.AccessKey, "AWS_SECRET_ACCESS_KEY="+s3.SecretKey)
		cmd.Stdin = strings.NewReader(install + views.String() + "SELECT (SELECT count(*) FROM bills), (SELECT count(*) FROM settlements), (SELECT count(*) FROM \"对账\"), (SELECT count(*) FROM units) > 0, (SELECT count(*) FROM stores);")
		out, err := cmd.CombinedOutput()
		want := fmt.Sprintf("%d|%d|%d|true|0", s.Rows["bills"], s.Rows["settlements"], s.Rows["reconciliation"])
		if err != nil || !strings.HasSuffix(strings.TrimSpace(string(out)), want) {
			t.Errorf("with %v: duckdb: %v, %s, want %s", flags, err, out, want)
		}
	}
}
