package receiver

import (
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/sinks/object/objecttest"
)

const (
	killedSenders = 32
	killedWithin  = 300 * time.Millisecond // of its load's beginning a receiver is killed
)

// killedReceivers is how often the receiver of each kind of store is killed.
func killedReceivers() int { return billwalktest.Often(5, 50) }

// TestReceiverKilled kills the receiver by SIGKILL at random moments, under load,
// again and again; the next one takes over, as in a Deployment, and what nobody
// acknowledged is sent again. Each callback that was acknowledged is in the
// archive, to the byte, as often as it was; and a run has each settlement once.
func TestReceiverKilled(t *testing.T) {
	s3 := objecttest.StartS3(t)
	for name, place := range map[string]billwalktest.Place{"folder": billwalktest.FolderLake(t), "s3": billwalktest.BucketLake(s3, "killed")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seed := drawnSeed(t)
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("moments and choices are those of BILLWALK_SEED=%d", seed)
				}
			})
			dice := rand.New(rand.NewPCG(seed, 0))
			teller, config := newTeller(seed), billwalktest.ReceiverConfig(t, place)
			for range killedReceivers() {
				r := startReceiver(t, config)
				r.ready(t)
				teller.untilGone(r, func() {
					time.Sleep(time.Duration(dice.Int64N(int64(killedWithin)))) // the moment is what is drawn
					_ = r.Process.Kill()
				})
				if code := r.code(); code != -1 {
					t.Fatalf("the receiver was not killed: exit %d\n%s", code, r.log.String())
				}
			}
			last := startReceiver(t, config)
			last.ready(t)
			teller.rest(t, last)
			if code := last.end(t, syscall.SIGTERM); code != 143 {
				t.Errorf("exit %d\n%s", code, last.log.String())
			}
			stored := checkHeard(t, place, teller.told)
			t.Logf("%d callbacks, acknowledged %d times and stored %d, under %d kills", len(teller.told), teller.acknowledged, stored, killedReceivers())
			if teller.acknowledged < killedReceivers() || stored == len(teller.told) && killedReceivers() > 5 {
				t.Error("hardly any load, or nothing that a receiver repeated of one before it: nothing was tested")
			}
			checkTold(t, place, teller.told)
		})
	}
}

// drawnSeed is that of BILLWALK_SEED, or else another one each time.
func drawnSeed(t *testing.T) uint64 {
	text := os.Getenv("BILLWALK_SEED")
	if text == "" {
		return rand.Uint64()
	}
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return seed
}

// untilGone posts over many connections until the receiver is gone, by what ends
// it.
func (p *teller) untilGone(r *receiving, end func()) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: killedSenders}, Timeout: billwalktest.StopTime}
	defer client.CloseIdleConnections()
	var senders sync.WaitGroup
	for range killedSenders {
		senders.Go(func() {
			for {
				c := p.next()
				status, err := c.post(client, r.url)
				p.answered(c, status)
				if err != nil {
					return
				}
			}
		})
	}
	end()
	senders.Wait()
}

// rest posts what was not acknowledged.
func (p *teller) rest(t *testing.T, r *receiving) {
	t.Helper()
	for _, c := range p.waiting {
		status, err := c.post(r.client, r.url)
		p.answered(c, status)
		if status != http.StatusOK {
			t.Fatalf("a callback is answered with %d, %v", status, err)
		}
	}
	p.waiting = nil
}
