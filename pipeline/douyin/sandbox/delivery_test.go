package sandbox

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
)

var callbackWorld = Config{Seed: 21, Accounts: 4, Bills: 20, Strays: 20, Now: func() time.Time { return farAhead }}

// small is a delivery of a few hundred callbacks.
func small(url string) DeliveryConfig {
	return DeliveryConfig{URL: url, Key: testKey(), From: demoDay, To: demoDay + 1, Speed: 100_000}
}

// Whatever the receiver does, each callback is delivered in the end, signed, with the
// content of the platform's settlement.
func TestDelivery(t *testing.T) {
	t.Parallel()
	troubled := func(c DeliveryConfig) DeliveryConfig {
		c.LegacyToken, c.Duplicates, c.Reordering, c.Signatures, c.Legacy = schema.NewSecret("token"), 20, 20, 20, 20
		return c
	}
	receivers := map[string]func(w http.ResponseWriter, request, tries int){
		"takes all": nil,
		"fails each once": func(w http.ResponseWriter, _, tries int) {
			if tries == 1 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		},
		"hangs up": func(_ http.ResponseWriter, request, _ int) {
			if request%7 == 0 {
				panic(http.ErrAbortHandler)
			}
		},
		"answers wrongly": func(w http.ResponseWriter, _, tries int) {
			wrong := []string{`{"err_no":1,"err_tips":"success"}`, `{"err_no":0,"err_tips":"ok"}`, `{"err_tips":"success"}`, `ok`, `{"err_no":0,"err_tips":"success"`}
			if tries <= len(wrong) {
				_, _ = io.WriteString(w, wrong[tries-1]+"\n\n")
			}
		},
		"has another status": func(w http.ResponseWriter, request, _ int) {
			if request%5 == 0 {
				w.WriteHeader(http.StatusCreated)
			}
		},
	}
	for name, refuse := range receivers {
		for _, plain := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/%t", name, plain), func(t *testing.T) {
				t.Parallel()
				p, r := New(callbackWorld), newReceiver(t)
				r.refuse = refuse
				c := small(r.serve())
				if !plain {
					c = troubled(c)
				}
				report, err := p.Deliver(t.Context(), c)
				if err != nil {
					t.Fatal(err)
				}
				want := map[string]string{}
				for c := range p.Callbacks(c.From, c.To, farAhead) {
					want[c.SettleID+" "+c.ItemOrderID] = string(c.Body)
				}
				checkDelivered(t, r, want)
				checkReport(t, r, report, len(want), plain)
				if refuse == nil && report.Tries != report.Callbacks+report.Duplicates || refuse != nil && report.Tries <= report.Callbacks {
					t.Errorf("report %+v", report)
				}
			})
		}
	}
}

// checkDelivered compares the stored callbacks with the platform's: they have the same
// content, in any order of the fields.
func checkDelivered(t *testing.T, r *receiver, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(r.stored))); diff != "" || len(want) < 100 {
		t.Fatalf("%d callbacks (-want +stored):\n%.1000s", len(want), diff)
	}
	orders := 0
	for key, bodies := range r.stored {
		for _, body := range bodies {
			if !strings.Contains(body, `"version":"2.0"`) {
				continue
			}
			if body != want[key] {
				orders++
			}
			if diff := cmp.Diff(parseCallback(t, []byte(want[key])), parseCallback(t, []byte(body))); diff != "" {
				t.Errorf("(-want +stored):\n%s", diff)
			}
		}
	}
	if r.legacies > 0 && orders == 0 {
		t.Error("no duplicate has its fields in another order")
	}
}

func checkReport(t *testing.T, r *receiver, report Report, callbacks int, plain bool) {
	t.Helper()
	if report.Callbacks != callbacks || report.Delivered != callbacks || report.GivenUp != 0 || report.WrongAccepted != 0 ||
		report.Forged != report.Refused || report.Refused != r.refuses || report.Tries+report.Forged > r.posts+len(r.stored) {
		t.Errorf("%d callbacks, %d refused of %d posts: report %+v", callbacks, r.refuses, r.posts, report)
	}
	some := []int{report.Legacy, report.Reordered, report.Duplicates, report.Forged}
	for _, n := range some {
		if plain && n != 0 || !plain && (n*100 < 8*callbacks || n*100 > 40*callbacks) {
			t.Errorf("of %d callbacks %v are old-style, reordered, repeated, forged", callbacks, some)
		}
	}
	if (r.legacies > 0) != (report.Legacy > 0) {
		t.Errorf("%d old-style callbacks came: report %+v", r.legacies, report)
	}
}

// The same seed has the same faults.
func TestDeliveriesAreDeterministic(t *testing.T) {
	t.Parallel()
	deliver := func(concurrency int) (Report, map[string]int) {
		r := newReceiver(t)
		c := small(r.serve())
		c.LegacyToken, c.Concurrency, c.Duplicates, c.Reordering, c.Signatures, c.Legacy = schema.NewSecret("token"), concurrency, 10, 10, 10, 10
		report, err := New(callbackWorld).Deliver(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		return report, r.tries
	}
	first, firstTries := deliver(1)
	second, secondTries := deliver(16)
	if diff := cmp.Diff(first, second) + cmp.Diff(firstTries, secondTries); diff != "" {
		t.Errorf("(-first +second):\n%s", diff)
	}
}

// A receiver that does not verify signatures is reported.
func TestWrongAcceptedIsReported(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	r.blind = true
	c := small(r.serve())
	c.Signatures, c.Legacy, c.LegacyToken = 30, 10, schema.NewSecret("token")
	report, err := New(callbackWorld).Deliver(t.Context(), c)
	if err != nil || report.WrongAccepted == 0 || report.WrongAccepted != report.Forged || report.Refused != 0 {
		t.Errorf("report %+v, %v", report, err)
	}
}

// transport answers requests without a network.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A callback is tried twenty times: with the documented pauses, of which the last is
// repeated. Some tries have the signature of the try before.
func TestRetrySchedule(t *testing.T) {
	t.Parallel()
	for _, speed := range []int{1, 60} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			var times []time.Duration
			signatures, timestamps := map[string]bool{}, map[string]bool{}
			p := New(Config{Seed: 22, Accounts: 2, Bills: 20, Strays: -1, Healthy: true, Now: func() time.Time { return farAhead.Add(time.Since(began)) }})
			c := small("http://receiver/callbacks/settle/trade")
			c.Speed, c.Concurrency = speed, 1
			c.Client = &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
				times = append(times, time.Since(began))
				signatures[r.Header.Get("Byte-Signature")], timestamps[r.Header.Get("Byte-Timestamp")] = true, true
				if len(times)%2 == 0 {
					return nil, io.ErrUnexpectedEOF
				}
				return &http.Response{StatusCode: http.StatusBadGateway, Body: http.NoBody}, nil
			})}
			d, err := p.delivery(c)
			if err != nil {
				t.Fatal(err)
			}
			var s settlement
			for s = range d.settlements() {
				if chance := d.chance(&s, "signed again"); chance>>1%4 == 0 && chance>>2%4 > 0 {
					break
				}
			}
			d.deliver(t.Context(), &s)
			want, sum := []time.Duration{0}, 0
			for _, seconds := range []int{15, 30, 60, 120, 240, 480, 960, 1920, 3840, 7680, 7680, 7680, 7680, 7680, 7680, 7680, 7680, 7680, 7680} {
				sum += seconds
				want = append(want, time.Duration(sum)*time.Second/time.Duration(speed))
			}
			if diff := cmp.Diff(want, times); diff != "" {
				t.Errorf("at %d times the speed (-want +tried):\n%s", speed, diff)
			}
			if got := d.report; got.Tries != maxTries || got.GivenUp != 1 || got.Delivered != 0 {
				t.Errorf("report %+v", got)
			}
			if n := len(signatures); n < 10 || n >= maxTries || len(timestamps) > n || speed == 1 && len(timestamps) != n {
				t.Errorf("%d signatures of %d times in %d tries", n, len(timestamps), maxTries)
			}
		})
	}
}

// The end of the context ends the pause, and does not count as given up.
func TestDeliveryEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("enough")
		tries := 0
		c := small("https://receiver/x")
		c.Speed, c.Concurrency = 1, 1
		c.Client = &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
			if tries++; tries == 3 {
				time.AfterFunc(time.Second, func() { cancel(why) })
			}
			return nil, io.EOF
		})}
		began := time.Now()
		report, err := New(callbackWorld).Deliver(ctx, c)
		if !errors.Is(err, why) || report.Delivered+report.GivenUp != 0 || report.Tries != 3 || time.Since(began) != 46*time.Second {
			t.Errorf("after %s: %v, report %+v", time.Since(began), err, report)
		}
	})
}

func TestImpossibleDeliveries(t *testing.T) {
	t.Parallel()
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*DeliveryConfig){
		`callbacks: "": want an http or https URL`:                              func(c *DeliveryConfig) { c.URL = "" },
		`callbacks: "receiver:8080": want an http or https URL`:                 func(c *DeliveryConfig) { c.URL = "receiver:8080" },
		`callbacks: "ftp://receiver/": want an http or https URL`:               func(c *DeliveryConfig) { c.URL = "ftp://receiver/" },
		"callbacks: want an RSA private key of 2048 bits or more to sign with":  func(c *DeliveryConfig) { c.Key = weak },
		"callbacks: the first day " + demoDay.String() + " is after 2026-11-19": func(c *DeliveryConfig) { c.From, c.To = demoDay, demoDay-1 },
	} {
		c := small("http://receiver/")
		change(&c)
		if _, err := New(callbackWorld).Deliver(t.Context(), c); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
