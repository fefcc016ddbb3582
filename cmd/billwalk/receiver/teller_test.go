package receiver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline"
	"billwalk/schema"
	"billwalk/sinks/archive"
	"billwalk/sinks/object"
)

// posted is a callback as the platform posts it, every time.
type posted struct {
	n             int
	settle, nonce string
	amount        schema.Fen
	header        http.Header
	body          []byte

	acknowledged int // times
}

// newPosted is the n-th callback, of a settlement on the first day.
func newPosted(n int) *posted {
	return &posted{n: n, settle: fmt.Sprintf("74%017d", n), nonce: fmt.Sprintf("nonce%08d", n), amount: schema.Fen(1000 + n%997)}
}

// write writes it and signs it at a time. Every third is written as no encoder writes JSON: its
// bytes have to outlive the archive all the same.
func (c *posted) write(at time.Time) {
	rake := 60 + c.n%13
	msg, err := json.Marshal(map[string]any{
		"app_id": "trade-key", "status": "SUCCESS", "order_id": fmt.Sprintf("75%017d", c.n), "settle_id": c.settle, "out_settle_no": c.settle,
		"cp_extra": "cnryX", "message": "SUCCESS", "event_time": billwalktest.FirstDay.Start().Add(time.Duration(c.n%86_400) * time.Second).UnixMilli(),
		"settle_amount": c.amount, "rake": rake, "commission": 100, "is_auto_settle": true,
		"settle_detail": fmt.Sprintf("商户号68882720803499563550-分成金额(分)%d", int(c.amount)-rake-100),
	})
	if err != nil {
		panic(err)
	}
	c.body = enveloped(string(msg))
	if c.n%3 == 0 {
		c.body = append([]byte(" \r\n\t"), bytes.Replace(c.body, []byte(`"type":"settle"`), []byte(`"type" : "\u0073ettle"`), 1)...)
	}
	c.header = billwalktest.SignedHeaderAt(at, billwalktest.ReceivedKey(), c.nonce, c.body)
}

// post sends the callback. The status is 0 where there is no whole answer.
func (c *posted) post(client *http.Client, url string) (status int, err error) {
	request, err := http.NewRequest(http.MethodPost, url+"/callbacks/settle/trade", bytes.NewReader(c.body))
	if err != nil {
		return 0, err
	}
	request.Header = c.header
	answer, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err
	}
	if (answer.StatusCode == http.StatusOK) != (string(said) == acknowledged) {
		return 0, fmt.Errorf("%s says %q", answer.Status, said)
	}
	return answer.StatusCode, nil
}

// teller is the platform as a receiver knows it: what was not acknowledged it
// sends again, and some of what was, too.
type teller struct {
	mu           sync.Mutex
	dice         *rand.Rand
	told         []*posted // all of them, by number
	waiting      []*posted // not acknowledged, and not on their way
	acknowledged int       // times
}

func newTeller(seed uint64) *teller { return &teller{dice: rand.New(rand.NewPCG(seed, 1))} }

// next returns what to send: what was not acknowledged, or one again, or a new one.
func (p *teller) next() *posted {
	c := p.choose()
	if c.body == nil { // nobody else has a new one
		c.write(billwalktest.Now())
	}
	return c
}

func (p *teller) choose() *posted {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.waiting); n > 0 {
		at := p.dice.IntN(n) // in any order
		c := p.waiting[at]
		p.waiting[at] = p.waiting[n-1]
		p.waiting = p.waiting[:n-1]
		return c
	}
	if len(p.told) > 0 && p.dice.IntN(4) == 0 {
		if c := p.told[p.dice.IntN(len(p.told))]; c.acknowledged > 0 {
			return c
		}
	}
	c := newPosted(len(p.told))
	p.told = append(p.told, c)
	return c
}

// answered notes what came of sending one.
func (p *teller) answered(c *posted, status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if status == http.StatusOK {
		c.acknowledged++
		p.acknowledged++
	} else if c.acknowledged == 0 {
		p.waiting = append(p.waiting, c)
	}
}

// checkHeard wants each callback that was acknowledged in the archive, to the byte, and nothing that was not sent. It returns how many
// are there.
func checkHeard(t *testing.T, place billwalktest.Place, all []*posted) (stored int) {
	t.Helper()
	store, err := object.Open(t.Context(), place.URL, place.Options)
	if err != nil {
		t.Fatal(err)
	}
	times := make(map[string]int)
	err = archive.New(store).Callbacks(t.Context(), schema.DayOf(billwalktest.Now()), func(c schema.Callback) {
		var n int
		if _, err := fmt.Sscanf(c.Nonce, "nonce%d", &n); err != nil || n >= len(all) {
			t.Errorf("nobody sent a callback with the nonce %q", c.Nonce)
			return
		}
		sent := all[n]
		if !bytes.Equal(c.Body, sent.body) || c.Signature != sent.header.Get("Byte-Signature") || c.Timestamp != sent.header.Get("Byte-Timestamp") || c.App != "trade" {
			t.Errorf("callback %d was sent as %+v\n%s\nand stored as %+v\n%s", n, sent.header, sent.body, c, c.Body)
		}
		times[c.Nonce]++
		stored++
	})
	if err != nil {
		t.Error(err)
	}
	for _, c := range all {
		if times[c.nonce] == 0 || c.acknowledged == 0 {
			t.Errorf("callback %s was acknowledged %d times, and is stored %d times", c.nonce, c.acknowledged, times[c.nonce])
		}
	}
	return stored
}

// checkTold has a run publish the day of the callbacks, of which no bill knows
// anything, and compares it with what was told.
func checkTold(t *testing.T, place billwalktest.Place, told []*posted) {
	t.Helper()
	platform := billwalktest.Serve(t, billwalktest.World(4, 9))
	config := billwalktest.Job{Lake: place, Platform: platform.URL, Accounts: platform.Accounts()[:1], QPS: 2000, Trade: 2000, Passes: 1}.Write(t)
	s, log := billwalktest.Run(t, config, "run", "nightly", "--from", billwalktest.FirstDay.String())
	if s.ExitCode != pipeline.ExitDone || s.Callbacks.States != int64(len(told)) {
		t.Fatalf("exit %d, %+v, want %d callbacks\n%s", s.ExitCode, s.Callbacks, len(told), log)
	}
	p := billwalktest.ReadPublished(t, place, billwalktest.FirstDay)
	var ids, wantIDs []string
	var rows, groups, want schema.Fen
	for _, c := range told {
		wantIDs = append(wantIDs, c.settle)
		want += c.amount
	}
	for _, row := range p.Settlements {
		if row.Source == schema.SourceCallback {
			ids = append(ids, row.SettleID)
			rows += row.Amount.V
		}
	}
	unexplained := 0
	for _, group := range p.Reconciliation {
		if group.Verdict == schema.SettlementOnly {
			unexplained++
			groups += group.Settled[schema.LegTotal].V
		}
	}
	slices.Sort(ids)
	slices.Sort(wantIDs)
	if diff := cmp.Diff(wantIDs, ids); diff != "" {
		t.Errorf("settlements (-told +published):\n%s", diff)
	}
	if rows != want || groups != want || unexplained != len(told) {
		t.Errorf("%d fen in settlements, %d in %d groups that are settlement_only; %d in %d callbacks were told", rows, groups, unexplained, want, len(told))
	}
	billwalktest.CheckProven(t, config, billwalktest.FirstDay, billwalktest.FirstDay)
}
