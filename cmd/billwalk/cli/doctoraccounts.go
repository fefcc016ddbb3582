package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"billwalk/pipeline/douyin"
	"billwalk/pipeline/jobs"
	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

const (
	maxAsked      = 200 // that are asked of a job; of a longer list a sample
	secondsAsking = 30  // for them at the app's qps
	askedAtOnce   = 16
	perAccount    = 5 // bills of a page
	maxNamed      = 5 // accounts in one line
	maxOtherKeys  = 5 // accounts of a job that are asked for under the other key, too
)

// pages asks for a page of yesterday's bills of each account of the job, or of a sample of
// them, and returns the bills. Accounts with the same failure share a line.
func (d *doctor) pages(ctx context.Context, job jobs.Job, qps float64, client *douyin.Client) (bills [][]schema.Bill) {
	day := schema.DayOf(d.now()) - 1
	subject := fmt.Sprintf("job %s on %s: ", job.Name, day)
	if client == nil {
		d.add("page", stateWarning, subject+"not checked, since app "+job.Bills.App+" has no token", "", "")
		return nil
	}
	sample := sampleOf(job.Accounts, int(min(maxAsked, max(1, qps*secondsAsking))))
	answers := d.askAccounts(ctx, job.Bills.App, client, sample, day)
	good, rows := 0, 0
	var failures accountFailures
	for i, account := range sample {
		a := answers[i]
		if a.err != nil {
			failures.add(account, a.err)
			continue
		}
		good, rows, bills = good+1, rows+len(a.bills), append(bills, a.bills)
	}
	if good > 0 {
		d.ok("page", subject+answeredText(good, len(sample), len(job.Accounts), rows))
	}
	misplaced := d.otherKeys(ctx, job, client, sample, answers, day)
	for _, f := range failures {
		d.accountFailure(job, subject, len(sample), f, misplaced)
	}
	return bills
}

// answeredText says how many accounts answered.
func answeredText(good, asked, all, rows int) string {
	text := count(good, "account") + " answered"
	if good < asked {
		text = fmt.Sprintf("%d of %s answered", good, count(asked, "account"))
	}
	if asked < all {
		text += fmt.Sprintf(", a sample of %d", all)
	}
	if rows == 0 {
		text += ", with no bill"
	}
	return text
}

// sampleOf returns at most n of the accounts, spread evenly over the list.
func sampleOf(accounts []schema.Account, n int) []schema.Account {
	if len(accounts) <= n {
		return accounts
	}
	sample := make([]schema.Account, n)
	for i := range sample {
		sample[i] = accounts[i*len(accounts)/n]
	}
	return sample
}

// askAccounts asks for all of them side by side, at the pace of the client, and for none
// twice.
func (d *doctor) askAccounts(ctx context.Context, app string, client *douyin.Client, accounts []schema.Account, day schema.Day) []answerOf {
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	answers := make([]answerOf, len(accounts))
	var asking errgroup.Group
	asking.SetLimit(askedAtOnce)
	for i, account := range accounts {
		if known, ok := d.tried[triedAccount{app, account.ID, account.Root}]; ok {
			answers[i] = known
			continue
		}
		asking.Go(func() error {
			answers[i].bills, answers[i].err = firstBills(ctx, client, schema.Unit{Account: account, Day: day})
			return nil
		})
	}
	_ = asking.Wait() // each answer has its own error
	for i, account := range accounts {
		d.tried[triedAccount{app, account.ID, account.Root}] = answers[i]
	}
	return answers
}

// firstBills returns the bills of a page that has room for a few.
func firstBills(ctx context.Context, client *douyin.Client, unit schema.Unit) ([]schema.Bill, error) {
	answer, err := client.Bills(ctx, unit, "0", perAccount)
	if err != nil {
		return nil, err
	}
	page, err := normalise.DecodePage(answer.Body)
	if err != nil {
		return nil, err
	}
	var bills []schema.Bill
	for _, record := range page.Records {
		bills = append(bills, normalise.Normaliser{}.Row(record, normalise.Provenance{Walk: unit.Account.ID, Day: unit.Day}).Bill)
	}
	return bills, nil
}

// accountFailures are the failures of accounts; those with the same code and reason are one.
type accountFailures []accountFailure

type accountFailure struct {
	accounts []schema.Account
	err      error // of the first
}

func (l *accountFailures) add(account schema.Account, err error) {
	own := schema.FailureOf(err, schema.Unit{})
	for i, known := range *l {
		f := schema.FailureOf(known.err, schema.Unit{})
		if f.Code == own.Code && f.SubCode == own.SubCode && f.Error == own.Error && (f.Reason == own.Reason || f.Error != "") {
			(*l)[i].accounts = append((*l)[i].accounts, account)
			return
		}
	}
	*l = append(*l, accountFailure{[]schema.Account{account}, err})
}

// accountFailure adds a failure of some accounts of a job. Those that may lack the
// merchant's authorisation for now have a line of their own, and so have those that are
// listed under the wrong key.
func (d *doctor) accountFailure(job jobs.Job, subject string, asked int, f accountFailure, misplaced map[schema.AccountID]bool) {
	today := schema.DayOf(d.now())
	lacking := douyin.LacksAuthorisation(schema.FailureOf(f.err, schema.Unit{}))
	var failed, waiting, past []schema.Account
	for _, account := range f.accounts {
		until, listed := job.Until[account.ID]
		switch {
		case misplaced[account.ID]:
		case lacking && listed && today <= until:
			waiting = append(waiting, account)
		case lacking && listed:
			past = append(past, account)
		default:
			failed = append(failed, account)
		}
	}
	if len(failed) > 0 {
		who := accountsText(failed)
		if len(failed) == asked && asked > 1 {
			who = "all " + count(asked, "account")
		}
		d.failure("page", subject+who, f.err, "")
	}
	if len(past) > 0 {
		d.failure("page", subject+accountsText(past)+", whose until has passed", f.err, "")
	}
	if len(waiting) > 0 {
		before := len(d.checks)
		d.failure("page", subject+accountsText(waiting)+", expected by its until", f.err, "")
		d.checks[before].State = stateWarning
	}
}

// accountsText names accounts, the first few of many.
func accountsText(accounts []schema.Account) string {
	names := namesOf(accounts)
	var texts []string
	for _, a := range accounts[:min(len(accounts), maxNamed)] {
		texts = append(texts, names.with(a.ID))
	}
	text := "account"
	if len(accounts) > 1 {
		text = "accounts"
	}
	text += " " + strings.Join(texts, ", ")
	if more := len(accounts) - maxNamed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// otherKeys asks for accounts that are refused, or have no bill, under the other key: a
// brand listed as account_id, or one account as root_account_id. It returns those that are
// refused under their own key and not under the other one.
func (d *doctor) otherKeys(ctx context.Context, job jobs.Job, client *douyin.Client, sample []schema.Account, answers []answerOf, day schema.Day) map[schema.AccountID]bool {
	var doubtful []schema.Account
	refused := make(map[schema.AccountID]bool)
	for i, account := range sample {
		if until, listed := job.Until[account.ID]; len(doubtful) == maxOtherKeys || listed && schema.DayOf(d.now()) <= until {
			continue
		}
		refused[account.ID] = refusesAccount(answers[i].err)
		if refused[account.ID] || answers[i].err == nil && len(answers[i].bills) == 0 {
			account.Root = !account.Root
			doubtful = append(doubtful, account)
		}
	}
	misplaced := make(map[schema.AccountID]bool)
	for i, answer := range d.askAccounts(ctx, job.Bills.App, client, doubtful, day) {
		account := doubtful[i]
		if answer.err != nil || len(answer.bills) == 0 && !refused[account.ID] {
			continue
		}
		misplaced[account.ID] = refused[account.ID]
		d.misplaced(job, account, refused[account.ID])
	}
	return misplaced
}

// refusesAccount reports whether the platform refuses what may be a wrong kind of account.
func refusesAccount(err error) bool {
	fault, ok := errors.AsType[*douyin.Error](err)
	if !ok {
		return false
	}
	f := fault.Failure()
	return f.Reach == schema.ReachAccount || f.Reach == schema.ReachUnit && slices.Contains([]int64{4000002, 2119001, 2100005, 28001007}, f.Code)
}

// misplaced adds an account that should be listed under the key that it is given with.
func (d *doctor) misplaced(job jobs.Job, account schema.Account, refused bool) {
	const root, leaf = "root_account_id", "account_id"
	listed, right := root, leaf
	if account.Root {
		listed, right = leaf, root
	}
	s, what := stateWarning, "has no bill as "+listed+" and has bills as "+right
	if refused {
		s, what = stateFailed, "is refused as "+listed+" and answers as "+right
	}
	d.add("page", s, fmt.Sprintf("job %s: %s %s", job.Name, accountsText([]schema.Account{account}), what),
		fmt.Sprintf("把该账户改列为 %s; list the account as %s", right, right), schema.CodeConfig)
}
