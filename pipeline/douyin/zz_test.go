package douyin
import ("testing";"net/http";"net/http/httptest";"sync";"time")
func TestZZ(t *testing.T) {
  var mu sync.Mutex; var at []time.Time
  s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request){
    if r.URL.Path==pathToken { say(200, tokenAnswer(1,"7200"))(w,r); return }
    mu.Lock(); at=append(at,time.Now()); mu.Unlock()
    time.Sleep(30*time.Millisecond); say(200, documentedPage)(w,r)
  })); defer s.Close()
  for _, q := range []float64{50, 500, 10000} {
    at=nil
    app := fast; app.BaseURL=s.URL; app.QPS=q
    c := client(app, newTransport()); n:=40; u:=20; if q>50 {n=100;u=64}
    took := walk(t,c,u,n); c.CloseIdleConnections()
    t.Logf("qps %v: %d pages in %v = %.1f/s, busiest second %d, ideal %.2fs ratio %.3f", q, u*n, took, float64(u*n)/took.Seconds(), busiest(at), float64(u*n)/q, took.Seconds()/(float64(u*n)/q))
  }
}
