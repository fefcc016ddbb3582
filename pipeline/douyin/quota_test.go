package douyin

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// usedUp is a platform whose quota is used up for some time, from the start on.
func usedUp(length time.Duration) (*fake, *atomic.Int64) {
	began, refused := time.Now(), new(atomic.Int64)
	f := &fake{delay: 30 * time.Millisecond}
	f.bills = func(w http.ResponseWriter, r *http.Request) {
		if time.Since(began) < length {
			refused.Add(1)
			respond(200, `{"data":{"error_code":2190001,"description":"quota已用完"},"extra":{"error_code":2190001,"description":"quota已用完","logid":"L"}}`)(w, r)
			return
		}
		respond(200, emptyPage)(w, r)
	}
	return f, refused
}

func waiting(t http.RoundTripper, patience time.Duration) *Client {
	app := fast
	app.QPS = 10
	return New(app, WithTransport(t), WithQuotaPatience(patience), WithLogger(slog.New(slog.DiscardHandler)))
}

// A quota that is renewed within the patience costs each caller one refusal, one try in a
// quarter of an hour, and the time.
func TestQuotaIsRenewed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const length, callers = 10 * time.Hour, 20
		f, refused := usedUp(length)
		took := walk(t, waiting(f, 12*time.Hour), callers, 5)
		if most := int64(callers + length/quotaInterval); refused.Load() > most {
			t.Errorf("%d refusals, want at most %d", refused.Load(), most)
		}
		if took < length || took > length+2*quotaInterval {
			t.Errorf("took %s, want little more than %s", took, length)
		}
	})
}

// Once the patience is over, the platform's refusal is the error; without patience, at once.
func TestQuotaStaysUsedUp(t *testing.T) {
	t.Parallel()
	for _, patience := range []time.Duration{0, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			f, refused := usedUp(24 * time.Hour)
			began := time.Now()
			_, err := waiting(f, patience).Bills(t.Context(), someUnit, "0", 50)
			fault, ok := errors.AsType[*Error](err)
			if !ok || fault.Code != 2190001 || fault.reach != reaches[giveUpToday] {
				t.Fatalf("%v, want the platform's refusal", err)
			}
			if took := time.Since(began); took < patience || took > patience+time.Minute {
				t.Errorf("failed after %s, want %s", took, patience)
			}
			if most := int64(1 + patience/quotaInterval); refused.Load() > most {
				t.Errorf("%d refusals, want at most %d", refused.Load(), most)
			}
		})
	}
}

// A run that ends while it waits does not wait on.
func TestQuotaDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, _ := usedUp(24 * time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
		defer cancel()
		if _, err := waiting(f, 12*time.Hour).Bills(ctx, someUnit, "0", 50); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want the deadline", err)
		}
	})
}
