package billwalktest

import (
	"io"
	"log"
	"net/http/httptest"
	"testing"

	"billwalk/pipeline/douyin/sandbox"
	"billwalk/schema"
)

// PagesOf counts the pages of every unit, at 50 bills a page.
func PagesOf(platform *Served) map[schema.Unit]int {
	pages := make(map[schema.Unit]int)
	for day := FirstDay; day <= LastDay; day++ {
		for _, a := range platform.Accounts() {
			u := schema.Unit{Account: a, Day: day}
			pages[u] = max(1, (len(platform.TruthOf([]schema.Unit{u}))+49)/50)
		}
	}
	return pages
}

// World is a platform with an app for bills and one for settlements, each
// refused the other's API.
func World(seed uint64, bills int) sandbox.Config {
	return sandbox.Config{
		Seed: seed, Accounts: 12, Bills: bills,
		ClientKey: "key", ClientSecret: schema.NewSecret("canary-secret"),
		TradeKey: "trade-key", TradeSecret: schema.NewSecret("canary-trade"),
	}
}

// Serve starts a sandbox that ends with the test.
func Serve(t testing.TB, config sandbox.Config) *Served {
	t.Helper()
	if config.Now == nil {
		config.Now = Now
	}
	s := StartServing(sandbox.New(config))
	t.Cleanup(s.Stop)
	return s
}

// Served is a sandbox that serves HTTP.
type Served struct {
	*sandbox.Platform
	URL  string
	Stop func() // closes all connections
}

// StartServing serves a sandbox at a free port of this machine until it is stopped.
func StartServing(platform *sandbox.Platform) *Served {
	server := httptest.NewUnstartedServer(platform)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	return &Served{platform, server.URL, func() { server.CloseClientConnections(); server.Close() }}
}
