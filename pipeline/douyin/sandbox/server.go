package sandbox

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"sync"

	"billwalk/schema"
)

// New returns a platform. It is an http.Handler, and listens to nothing by itself.
func New(config Config) *Platform {
	config = config.withDefaults()
	p := &Platform{
		config:  config,
		world:   newWorld(config),
		cursors: newCursorCipher(config.Seed),
		tokens:  tokens{seed: config.Seed, apps: map[string]*app{}},
		windows: map[string]*window{BillsAPI: newWindow(config.QPS), SettleAPI: newWindow(config.TradeQPS), StoresAPI: newWindow(config.QPS), WithdrawalsAPI: newWindow(config.QPS)},
		traffic: newTraffic(),
		counts:  newQueryCounts(),
	}
	p.windows[WithdrawnBillsAPI] = p.windows[BillsAPI] // it is the same API
	p.lasting = assignLastingFaults(p.world, config.Faults)
	p.mux = p.routes()
	return p
}

// ServeHTTP serves the APIs and the sandbox's own pages; the index at / lists
// them. Under the faults "cut" and "reset" it panics with http.ErrAbortHandler, which
// breaks the connection; a caller without a server has to recover.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", p.config.Now().UTC().Format(http.TimeFormat))
	p.mux.ServeHTTP(w, r)
}

func (p *Platform) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /oauth/client_token/{$}", p.serveToken)
	mux.HandleFunc("GET /goodlife/v1/settle/bill/catering_query/{$}", p.serveBills)
	mux.HandleFunc("POST /api/apps/trade/v2/settle/query_settle", p.serveSettlements)
	mux.HandleFunc("GET /goodlife/v1/shop/poi/query/{$}", p.serveStores)
	mux.HandleFunc("GET /goodlife/v1/settle/withdraw/catering_query/{$}", p.serveWithdrawals)
	mux.HandleFunc("GET /sandbox/accounts", p.serveAccounts)
	mux.HandleFunc("GET /sandbox/truth", p.serveTruth)
	mux.HandleFunc("GET /sandbox/verdicts", p.serveVerdicts)
	mux.HandleFunc("GET /sandbox/withdrawals", p.serveWithdrawalTruth)
	mux.HandleFunc("GET /sandbox/balances", p.serveBalances)
	mux.HandleFunc("GET /sandbox/stats", p.serveStats)
	mux.HandleFunc("GET /{$}", p.serveIndex)
	return mux
}

func (p *Platform) serveAccounts(w http.ResponseWriter, r *http.Request) {
	switch format := r.URL.Query().Get("format"); format {
	case "", "json":
		writeJSON(w, p.Accounts())
	case "csv":
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		out := csv.NewWriter(w)
		_ = out.Write([]string{"root_account_id", "account_id", "name"}) // fails only if the client has gone
		for _, account := range p.Accounts() {
			row := []string{"", string(account.ID), account.Name}
			if account.Root {
				row[0], row[1] = row[1], row[0]
			}
			_ = out.Write(row)
		}
		out.Flush()
	default:
		http.Error(w, fmt.Sprintf("format %q is unknown: want json or csv", format), http.StatusBadRequest)
	}
}

// maxTruthDays bounds the work of one request for the truth.
const maxTruthDays = 31

func (p *Platform) serveTruth(w http.ResponseWriter, r *http.Request) {
	from, to, err := parseDays(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	writeJSON(w, p.Totals(p.Accounts(), from, to))
}

// verdictCount is the number of a day's groups with one verdict.
type verdictCount struct {
	Day       schema.Day `json:"bill_date"`
	Verdict   string     `json:"verdict"`
	MatchedBy string     `json:"matched_by,omitempty"`
	Groups    int        `json:"groups"`
}

func (p *Platform) serveVerdicts(w http.ResponseWriter, r *http.Request) {
	from, to, err := parseDays(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	groups := map[verdictCount]int{}
	for _, v := range p.Verdicts(p.Accounts(), from, to, p.config.Now()) {
		groups[verdictCount{Day: v.Day, Verdict: v.Verdict, MatchedBy: v.MatchedBy}]++
	}
	counts := make([]verdictCount, 0, len(groups))
	for count, n := range groups {
		count.Groups = n
		counts = append(counts, count)
	}
	slices.SortFunc(counts, func(a, b verdictCount) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Verdict, b.Verdict), cmp.Compare(a.MatchedBy, b.MatchedBy))
	})
	writeJSON(w, counts)
}

func (p *Platform) serveWithdrawalTruth(w http.ResponseWriter, r *http.Request) {
	from, to, err := parseDays(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	writeJSON(w, p.Withdrawals(p.Accounts(), from, to, p.config.Now()))
}

func (p *Platform) serveBalances(w http.ResponseWriter, r *http.Request) {
	from, to, err := parseDays(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	writeJSON(w, p.Balances(p.Accounts(), from, to, p.config.Now()))
}

// parseDays reads the parameters from and to.
func parseDays(query url.Values) (from, to schema.Day, err error) {
	if from, err = schema.ParseDay(query.Get("from")); err != nil {
		return 0, 0, fmt.Errorf("from: %w", err)
	}
	if to, err = schema.ParseDay(query.Get("to")); err != nil {
		return 0, 0, fmt.Errorf("to: %w", err)
	}
	if to < from || to-from >= maxTruthDays {
		return 0, 0, fmt.Errorf("from %s to %s: want 1 to %d days", from, to, maxTruthDays)
	}
	return from, to, nil
}

func (p *Platform) serveStats(w http.ResponseWriter, _ *http.Request) { writeJSON(w, p.Stats()) }

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	_ = out.Encode(v) // fails only if the client has gone
}

const indexPage = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>billwalk sandbox</title>
<h1>billwalk sandbox</h1>
<p>A simulated platform: seed {{.Config.Seed}}, {{.Config.Accounts}} accounts, about {{.Config.Bills}} bills each a day. Nothing here is real.</p>
<ul>
<li><code>POST /oauth/client_token/</code> gives an access token
<li><code>GET /goodlife/v1/settle/bill/catering_query/</code> lists an account's bills of a day
<li><code>POST /api/apps/trade/v2/settle/query_settle</code> tells how an order was shared out
<li><code>GET /goodlife/v1/shop/poi/query/</code> lists the stores below an account
<li><code>GET /goodlife/v1/settle/withdraw/catering_query/</code> lists an account's withdrawals, and the first with <code>withdraw_id</code> the bills of one
<li><a href="/sandbox/accounts">/sandbox/accounts</a> what a job should configure, also <a href="/sandbox/accounts?format=csv">as CSV</a>
<li><code>/sandbox/truth?from=YYYY-MM-DD&amp;to=YYYY-MM-DD</code> what a right walk adds up to, per account and day
<li><code>/sandbox/verdicts?from=YYYY-MM-DD&amp;to=YYYY-MM-DD</code> what a right reconciliation of these days alone says by now, counted
<li><code>/sandbox/withdrawals?from=YYYY-MM-DD&amp;to=YYYY-MM-DD</code> the withdrawals launched on these days, as they stand by now beside the bills of these days alone
<li><code>/sandbox/balances?from=YYYY-MM-DD&amp;to=YYYY-MM-DD</code> what each payee's money adds up to from day to day
<li><a href="/sandbox/stats">/sandbox/stats</a> calls, answers and faults so far
</ul>
<h2>Faults</h2>
<p>On now: {{if .On}}{{.On}}{{else}}none{{end}}. There are:</p>
<dl>{{range .Faults}}<dt><code>{{.Name}}</code><dd>{{.Doc}}{{end}}</dl>
</html>
`

var index = sync.OnceValue(func() *template.Template { return template.Must(template.New("index").Parse(indexPage)) })

func (p *Platform) serveIndex(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = index().Execute(w, map[string]any{"Config": p.config, "On": p.config.Faults.String(), "Faults": FaultList()})
}
