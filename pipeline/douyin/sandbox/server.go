package sandbox

import "net/http"

// New returns a platform. It is an http.Handler, and listens to nothing by itself.
func New(config Config) *Platform {
	config = config.withDefaults()
	p := &Platform{
		config:  config,
		world:   newWorld(config),
		cursors: newCursorCipher(config.Seed),
		tokens:  tokens{seed: config.Seed, apps: map[string]*app{}},
		windows: map[string]*window{BillsAPI: newWindow(config.QPS), SettleAPI: newWindow(config.TradeQPS)},
		traffic: newTraffic(),
		counts:  newQueryCounts(),
	}
	p.lasting = assignLastingFaults(p.world, config.Faults)
	p.mux = p.routes()
	return p
}

// ServeHTTP serves the three APIs and the sandbox's own pages; the index at / lists
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
	mux.HandleFunc("GET /sandbox/accounts", p.serveAccounts)
	mux.HandleFunc("GET /sandbox/truth", p.serveTruth)
	mux.HandleFunc("GET /sandbox/verdicts", p.serveVerdicts)
	mux.HandleFunc("GET /sandbox/stats", p.serveStats)
	mux.HandleFunc("GET /{$}", p.serveIndex)
	return mux
}
