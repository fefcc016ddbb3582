package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"billwalk/pipeline/douyin/sandbox"
	"billwalk/schema"
)

// The platform is served, queried for a page of bills, and compared with its truth.
func Example() {
	platform := sandbox.New(sandbox.Config{Seed: 1, Accounts: 2, Bills: 5, Healthy: true})
	server := httptest.NewServer(platform)
	defer server.Close()

	credentials := `{"client_key":"awlife","client_secret":"secret","grant_type":"client_credential"}`
	response, err := http.Post(server.URL+"/oauth/client_token/", "application/json", strings.NewReader(credentials))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	var grant struct {
		Data struct {
			Token string `json:"access_token"`
		} `json:"data"`
	}
	if err := json.NewDecoder(response.Body).Decode(&grant); err != nil {
		fmt.Println(err)
		return
	}

	day, err := schema.ParseDay("2026-11-20")
	if err != nil {
		fmt.Println(err)
		return
	}
	account := platform.Accounts()[1] // a single account, without stores
	request, err := http.NewRequest(http.MethodGet, fmt.Sprintf("%s/goodlife/v1/settle/bill/catering_query/?account_id=%s&bill_date=%s&cursor=0&size=50", server.URL, account.ID, day), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	request.Header.Set("access-token", grant.Data.Token)
	response, err = http.DefaultClient.Do(request)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	var page struct {
		Data struct {
			HasMore bool              `json:"has_more"`
			Records []json.RawMessage `json:"ledger_records"`
		} `json:"data"`
	}
	if err := json.NewDecoder(response.Body).Decode(&page); err != nil {
		fmt.Println(err)
		return
	}
	truth := platform.Truth([]schema.Account{account}, day, day)
	fmt.Println(page.Data.HasMore, len(page.Data.Records) == len(truth), platform.Stats().Calls[sandbox.BillsAPI])
	http.DefaultClient.CloseIdleConnections()
	// Output: false true 1
}
