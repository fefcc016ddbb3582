package withdraw

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"

	"billwalk/pipeline/unreadable"
	"billwalk/schema"
)

// Lake is where the withdrawals are published, beside the bills that they pay.
type Lake interface {
	// Base and Manifest read what is published of a (day, bucket).
	Base(ctx context.Context, day schema.Day, bucket int) (schema.Base, error)
	Manifest(ctx context.Context, day schema.Day, bucket int) (*schema.Manifest, error)
	// Rows reads columns of the published rows of a table. A row yielded is good until the
	// next.
	Rows(ctx context.Context, table schema.AnyTable, day schema.Day, bucket int, columns ...string) iter.Seq2[schema.Row, error]
	// Amend begins to replace schema.AmendedTables of the base, and no other table. Where a
	// publication of the day was cut, or is running, the error is schema.ErrUnfinished.
	Amend(base schema.Base) (Stage, error)
}

// Stage is the rows that replace those of the amended tables. Its methods are those of
// build.Stage.
type Stage interface {
	Append(row schema.Row) error
	Finish(m *schema.Manifest) error
	Same(ctx context.Context) (bool, error)
	Publish(ctx context.Context, m *schema.Manifest) error
	Close()
}

// Night follows the withdrawals of a run's accounts, once the days of the run are published.
//
//	payees       configured accounts, and those that the bills, the stores and the manifests of root accounts name
//	fetch        the lists of a payee's day, and the bills of each withdrawal, unless all of it is final
//	due          days whose lists, or whose bills in the lake, are others than those that were published
//	paid         bills that two withdrawals pay, on due days and others
//	billed       the published bill of each bill that is paid
//	publish      the day's tables, exceptions and entry in the manifest
type Night struct {
	Fetcher
	Lake      Lake
	Accounts  []schema.Account
	Buckets   int
	Owns      func(bucket int) bool // of several processes that share the night; nil where one has all
	From, To  schema.Day            // launch days that are looked at, both included
	Last      schema.Day            // of the run: its stores name payees
	Lookback  int                   // days before a withdrawal in which its bills are looked for
	Published []schema.Day
	InFlight  int // units fetched side by side
	Keeper    unreadable.Keeper

	mu        sync.Mutex
	manifests map[schema.Partition]*schema.Manifest
	found     Found
}

// Found is what a run found of withdrawals.
type Found struct {
	From       schema.Day                       `json:"from"` // launch days that were looked at
	To         schema.Day                       `json:"to"`
	Payees     int                              `json:"payees"`
	Asked      int                              `json:"asked"`    // payees' days whose list was fetched
	Verdicts   map[schema.WithdrawVerdict]int64 `json:"verdicts"` // withdrawals of these days, by verdict
	DiffFen    schema.Fen                       `json:"diff_fen"` // of the mismatched ones, amounts less bills
	ToDo       []ToDo                           `json:"to_do"`    // mismatched and manual ones of the days that this run published
	Exceptions map[schema.Rule]int64            `json:"exceptions"`
	Failures   []schema.Failure                 `json:"failures"`
	Amended    []Amendment                      `json:"-"`
}

// Differences counts what does not add up: the withdrawals that are not the sum of their bills,
// and the errors in bills that withdrawals pay. Of a job that follows none there are none.
func (f *Found) Differences() (withdrawals, exceptions int64) {
	if f == nil {
		return 0, 0
	}
	for rule, n := range f.Exceptions {
		if rule.Severity() == schema.SeverityError {
			exceptions += n
		}
	}
	return f.Verdicts[schema.WithdrawMismatched], exceptions
}

// ToDo is a withdrawal that a person has to look up in the console.
type ToDo struct {
	Account    schema.AccountID        `json:"account"`
	WithdrawID string                  `json:"withdraw_id"`
	Day        schema.Day              `json:"bill_date"` // on which it was launched
	Verdict    schema.WithdrawVerdict  `json:"verdict"`
	AmountFen  schema.Null[schema.Fen] `json:"amount_fen"`
	DiffFen    schema.Null[schema.Fen] `json:"diff_fen"`
	Hint       string                  `json:"hint"`
}

// Amendment is a manifest that this run has published, and the one that it replaced.
type Amendment struct{ Before, After *schema.Manifest }

// payee is an account that is paid, and the configured account whose bills it has.
type payee struct {
	schema.Account
	walk  schema.AccountID
	named bool // by the bills or stores of a root account, and not configured
}

// Do fetches what is not final, and publishes the days that are due. Calls end with calling;
// ctx ends later, for what is in flight. What cannot be fetched is a failure in what was found;
// the error is what could not be read or published.
func (n *Night) Do(calling, ctx context.Context) (*Found, error) {
	n.manifests = make(map[schema.Partition]*schema.Manifest)
	n.found = Found{From: n.From, To: n.To, Verdicts: make(map[schema.WithdrawVerdict]int64), Exceptions: make(map[schema.Rule]int64), ToDo: []ToDo{}, Failures: []schema.Failure{}}
	var faults []error
	for _, bucket := range n.ownBuckets() {
		b := &bucketNight{Night: n, bucket: bucket}
		faults = append(faults, b.do(calling, ctx))
	}
	slices.SortFunc(n.found.Failures, func(a, b schema.Failure) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Account, b.Account))
	})
	return &n.found, errors.Join(faults...)
}

// ownBuckets returns the buckets of the accounts that this process publishes.
func (n *Night) ownBuckets() []int {
	return slices.DeleteFunc(schema.BucketsOf(n.Accounts, n.Buckets), func(bucket int) bool { return n.Owns != nil && !n.Owns(bucket) })
}

// bucketNight is the night of the accounts of one bucket.
type bucketNight struct {
	*Night
	bucket  int
	payees  []payee // by id
	fetched map[schema.Unit]schema.PayeeEntry
}

func (b *bucketNight) do(calling, ctx context.Context) error {
	if err := b.findPayees(ctx); err != nil {
		return err
	}
	b.found.Payees += len(b.payees)
	if err := b.fetch(calling, ctx); err != nil {
		return err
	}
	due, err := b.due(ctx)
	if err != nil {
		return err
	}
	paid, err := b.findTwice(ctx, due)
	if err != nil {
		return err
	}
	// A day that another one's withdrawals make due comes first: until that one is published,
	// it makes it due again.
	days := slices.SortedFunc(paid.days(), func(x, y schema.Day) int {
		return cmp.Or(compareBool(due[x], due[y]), cmp.Compare(x, y))
	})
	var faults []error
	for _, day := range days {
		if err := b.publish(ctx, day, paid); err != nil {
			b.Walker.Log.Error("withdrawals not published", "bill_date", day, "bucket", b.bucket, "error", err)
			faults = append(faults, fmt.Errorf("the withdrawals of %s, bucket %d are not published: %w", day, b.bucket, err))
		}
	}
	return errors.Join(append(faults, b.count(ctx))...)
}

func compareBool(x, y bool) int {
	switch {
	case x == y:
		return 0
	case y:
		return -1
	}
	return 1
}

// Calls returns how many lists a run has to fetch, of the payees that the lake knows. Days that
// are to be published by the run have one list of each.
func (n *Night) Calls(ctx context.Context, published []schema.Day) (calls int, err error) {
	n.manifests = make(map[schema.Partition]*schema.Manifest)
	for _, bucket := range n.ownBuckets() {
		b := &bucketNight{Night: n, bucket: bucket}
		if err := b.findPayees(ctx); err != nil {
			return 0, err
		}
		for day := n.From; day <= n.To; day++ {
			units, err := b.notFinal(ctx, day)
			if err != nil {
				return 0, err
			}
			calls += len(units)
			if m, err := b.manifest(ctx, day); err != nil {
				return 0, err
			} else if m == nil && slices.Contains(published, day) {
				calls += len(b.payees)
			}
		}
	}
	return calls, nil
}

// manifest returns the manifest of a day, or nil.
func (b *bucketNight) manifest(ctx context.Context, day schema.Day) (*schema.Manifest, error) {
	if _, published := slices.BinarySearch(b.Published, day); !published {
		return nil, nil
	}
	at := schema.Partition{Day: day, Bucket: b.bucket}
	if m, known := b.manifests[at]; known {
		return m, nil
	}
	m, err := b.Lake.Manifest(ctx, day, b.bucket)
	if err == nil {
		b.manifests[at] = m
	}
	return m, err
}

// walked reports whether a day is published with bills of the account.
func (b *bucketNight) walked(ctx context.Context, day schema.Day, account schema.AccountID) (bool, error) {
	m, err := b.manifest(ctx, day)
	if m == nil || err != nil {
		return false, err
	}
	e := m.Entry(account)
	return e != nil && e.Certificate != nil, nil
}

// count counts the withdrawals of all days as they are published now, and lists those of the
// days that this run published that are for a person to look up.
func (b *bucketNight) count(ctx context.Context) error {
	amended := make(map[schema.Day]bool)
	for _, a := range b.found.Amended {
		amended[a.After.Day] = amended[a.After.Day] || a.After.Bucket == b.bucket
	}
	for day := b.From; day <= b.To; day++ {
		m, err := b.manifest(ctx, day)
		if err != nil {
			return err
		}
		if m == nil || m.Withdrawals == nil {
			continue
		}
		for verdict, rows := range m.Withdrawals.Verdicts {
			b.found.Verdicts[verdict] += rows
		}
		for rule, rows := range m.Exceptions {
			if rule.OfWithdrawals() {
				b.found.Exceptions[rule] += rows
			}
		}
		if m.Withdrawals.Verdicts[schema.WithdrawMismatched]+m.Withdrawals.Verdicts[schema.WithdrawManual] > 0 {
			if err := b.countRows(ctx, day, amended[day]); err != nil {
				return err
			}
		}
	}
	return nil
}

// countRows adds the differences of a day's withdrawals, and lists those to look up.
func (b *bucketNight) countRows(ctx context.Context, day schema.Day, list bool) error {
	for row, err := range b.Lake.Rows(ctx, &schema.Withdrawals, day, b.bucket, "account_id", "withdraw_id", "amount_fen", "diff_fen", "verdict") {
		if err != nil {
			return err
		}
		w := row.(*schema.Withdrawal)
		if w.Verdict != schema.WithdrawMismatched && w.Verdict != schema.WithdrawManual {
			continue
		}
		if w.Diff.Valid {
			if b.found.DiffFen, err = b.found.DiffFen.Add(w.Diff.V); err != nil {
				return err
			}
		}
		if list {
			b.found.ToDo = append(b.found.ToDo, ToDo{
				Account: schema.AccountID(w.AccountID), WithdrawID: w.WithdrawID, Day: day, Verdict: w.Verdict, AmountFen: w.Amount, DiffFen: w.Diff, Hint: w.Verdict.Advice().English,
			})
		}
	}
	return nil
}
