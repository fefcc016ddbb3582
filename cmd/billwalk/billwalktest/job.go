package billwalktest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"billwalk/schema"
)

// Job is what a test's jobs.yaml says.
type Job struct {
	Lake     Place
	Buckets  int
	Platform string // URL
	Accounts []schema.Account
	QPS      float64
	Passes   int
	PageSize int     // 0 is 50
	Trade    float64 // requests per second of the settle query; 0 configures none
	Lookback int
	Report   bool   // written into the lake after each run
	Extra    string // lines of the job
}

// Write writes the jobs.yaml and returns its path.
func (j Job) Write(t testing.TB) string {
	t.Helper()
	var y strings.Builder
	fmt.Fprintf(&y, "version: 1\nlake: {url: %q, endpoint: %q, path_style: %v, buckets: %d}\n", j.Lake.URL, j.Lake.Options.Endpoint, j.Lake.Options.PathStyle, max(1, j.Buckets))
	fmt.Fprintf(&y, "apps:\n  life: {base_url: %q, client_key: key, client_secret: canary-secret, qps: %g, timeout: 5s}\n", j.Platform, j.QPS)
	if j.Trade > 0 {
		fmt.Fprintf(&y, "  trade: {base_url: %q, client_key: trade-key, client_secret: canary-trade, qps: %g, timeout: 30s}\n", j.Platform, j.Trade)
	}
	fmt.Fprintf(&y, "jobs:\n  nightly:\n    lookback: %dd\n    bills: {app: life, passes: %d, page_size: %d}\n", j.Lookback, max(1, j.Passes), cmp.Or(j.PageSize, 50))
	if j.Trade > 0 {
		y.WriteString("    settlements: {app: trade, match: [{order_id: shop_order_id}, {out_order_no: order_ext_id}]}\n")
	}
	if !j.Report {
		y.WriteString("    report: false\n")
	}
	y.WriteString("    accounts:\n")
	for _, a := range j.Accounts {
		kind := "account_id"
		if a.Root {
			kind = "root_account_id"
		}
		name, _ := json.Marshal(a.Name)
		fmt.Fprintf(&y, "      - {%s: %q, name: %s}\n", kind, a.ID, name)
	}
	y.WriteString(j.Extra)
	path := filepath.Join(t.TempDir(), "jobs.yaml")
	if err := os.WriteFile(path, []byte(y.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
