package douyin_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"billwalk/pipeline/douyin"
	"billwalk/schema"
)

// A client fetches a token and then a page of an account's bills of one day.
func ExampleClient_Bills() {
	platform := http.NewServeMux()
	platform.HandleFunc("POST /oauth/client_token/", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"data":{"access_token":"clt.1","expires_in":7200,"error_code":0},"message":"success"}`)
	})
	platform.HandleFunc("GET /goodlife/v1/settle/bill/catering_query/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.URL.RawQuery)
		io.WriteString(w, `{"data":{"cursor":"1","has_more":false,"ledger_records":[]},"extra":{"error_code":0,"logid":"20261120"}}`)
	})
	server := httptest.NewServer(platform)
	defer server.Close()

	client := douyin.New(douyin.App{Name: "life", BaseURL: server.URL, ClientKey: "awlife", ClientSecret: schema.NewSecret("secret")})
	defer client.CloseIdleConnections()
	day, err := schema.ParseDay("2026-11-20")
	if err != nil {
		fmt.Println(err)
		return
	}
	unit := schema.Unit{Account: schema.Account{ID: "7113893944009705516", Root: true}, Day: day}
	answer, err := client.Bills(context.Background(), unit, "0", 50)
	fmt.Println(answer.LogID, err)
	fmt.Println(client.Stats().Bills, client.Stats().Token)
	// Output:
	// bill_date=2026-11-20&cursor=0&root_account_id=7113893944009705516&size=50
	// 20261120 <nil>
	// 1 1
}
