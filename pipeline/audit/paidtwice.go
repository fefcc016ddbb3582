package audit

import (
	"cmp"
	"context"
	"hash/maphash"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"billwalk/schema"
)

// A bill may be in the lists of two withdrawals, which is an exception of both. The bills of
// the verified days' withdrawals are compared, as hashes, with those of all published days.

// payment is a withdrawal that lists a bill, both hashed.
type payment struct {
	bill, id uint64
	day      schema.Day
	bucket   int
}

// payments finds bills of the verified days' withdrawals that others list, too.
type payments struct {
	lake  Lake
	mu    sync.Mutex
	all   []payment            // of the verified days, by bill
	twice map[uint64][]payment // by bill; of the bills in two lists
}

// paidColumns are the columns of withdrawn_bills that are read for it.
var paidColumns = []string{"withdraw_id", "ledger_id", "settle_type", "settle_sub_type"}

func paymentOf(b *schema.WithdrawnBill, f settlementsFile) payment {
	place := withdrawnPlace{b.LedgerID, b.SettleType.V, b.SettleSubType}
	return payment{maphash.Comparable(keySeed, place), maphash.String(keySeed, b.WithdrawID), f.day, f.bucket}
}

// settlementsFile is the settlements of one published (day, bucket), or what its withdrawals
// list.
type settlementsFile struct {
	day    schema.Day
	bucket int
}

// eachFile reads files concurrently.
func eachFile(ctx context.Context, files []settlementsFile, read func(context.Context, settlementsFile)) error {
	var running errgroup.Group
	running.SetLimit(2 * runtime.GOMAXPROCS(0)) // each holds a column of a file
	for _, f := range files {
		if ctx.Err() != nil {
			break
		}
		running.Go(func() error { read(ctx, f); return nil })
	}
	_ = running.Wait()
	return ctx.Err()
}

// findPaidTwice reads what the withdrawals of all published days list, if those of a verified
// day list anything.
func findPaidTwice(ctx context.Context, lake Lake, verified, others []settlementsFile) (*payments, error) {
	p := &payments{lake: lake, twice: make(map[uint64][]payment)}
	if err := eachFile(ctx, verified, p.collect); err != nil {
		return nil, err
	}
	slices.SortFunc(p.all, func(x, y payment) int { return cmp.Compare(x.bill, y.bill) })
	for i := range p.all {
		if i > 0 && p.all[i-1].bill == p.all[i].bill {
			p.twice[p.all[i].bill] = nil
		}
	}
	if len(p.all) == 0 {
		return p, nil
	}
	if err := eachFile(ctx, others, p.search); err != nil {
		return nil, err
	}
	for _, one := range p.all {
		if _, twice := p.twice[one.bill]; twice {
			p.twice[one.bill] = append(p.twice[one.bill], one)
		}
	}
	p.all = nil
	return p, nil
}

// collect adds what the withdrawals of a verified day list.
func (p *payments) collect(ctx context.Context, f settlementsFile) {
	var all []payment
	p.read(ctx, f, func(one payment) { all = append(all, one) })
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, all...)
}

// search adds the withdrawals of another day that list one of the bills.
func (p *payments) search(ctx context.Context, f settlementsFile) {
	p.read(ctx, f, func(one payment) {
		_, listed := slices.BinarySearchFunc(p.all, one.bill, func(x payment, bill uint64) int { return cmp.Compare(x.bill, bill) })
		if listed {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.twice[one.bill] = append(p.twice[one.bill], one)
		}
	})
}

// read passes the rows of a file. A damaged one of a verified day has findings of its own, and
// any other is found when its day is verified.
func (p *payments) read(ctx context.Context, f settlementsFile, take func(payment)) {
	n := 0
	p.lake.ProveWithdrawnBills(ctx, f.day, f.bucket, paidColumns, func(b *schema.WithdrawnBill) bool {
		take(paymentOf(b, f))
		n++
		return n%4096 != 0 || ctx.Err() == nil
	})
}

// others returns the other withdrawals of the bucket that list a bill of a day's withdrawal: for
// each, whether it was launched no later. One that is launched later may come when the day is
// not looked at any more.
func (p *payments) others(b *withdrawnReading, withdrawID string, day schema.Day, bucket int) map[uint64]bool {
	others := make(map[uint64]bool)
	own := maphash.String(keySeed, withdrawID)
	for _, one := range p.twice[maphash.Comparable(keySeed, withdrawnPlace{b.ledgerID, b.settleType, b.subType})] {
		if one.id != own && one.bucket == bucket {
			others[one.id] = others[one.id] || one.day <= day
		}
	}
	return others
}
