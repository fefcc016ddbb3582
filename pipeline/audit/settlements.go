package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"billwalk/schema"
)

// answers has the archived answers of the settle query (查询分账) of one day.
type answers struct {
	statements statements
	rules      answersByRule
	findings   []schema.Finding
	objects    int
	bytes      int64
}

// answersOf returns the answers of a day, which it reads once.
func (a *Audit) answersOf(ctx context.Context, day schema.Day) (*answers, error) {
	if known := a.answers[day]; known != nil {
		return known, nil
	}
	filed, err := a.Archive.SettlementSeries(ctx, day)
	if err != nil {
		return nil, err
	}
	all := &answers{rules: make(answersByRule)}
	var mu sync.Mutex
	var refused []refusedAnswer
	var running errgroup.Group
	running.SetLimit(maxUnits())
	for i := range filed {
		f := &filed[i]
		if a.owns(f.Account.Bucket(a.Buckets)) { // those of others may be about the same orders
			all.objects, all.bytes = all.objects+f.Objects(), all.bytes+f.Bytes
		}
		running.Go(func() error {
			p := &pass{unit: schema.Unit{Account: schema.Account{ID: f.Account}, Day: day}, bucket: f.Account.Bucket(a.Buckets), rules: make(answersByRule), scan: newScan()}
			defer p.scan.release()
			p.prove(ctx, a.Archive, f)
			mu.Lock()
			defer mu.Unlock()
			all.findings = append(all.findings, p.findings...)
			all.statements = append(all.statements, p.statements...)
			all.rules.addAll(p.rules)
			refused = append(refused, p.refused...)
			return ctx.Err()
		})
	}
	if err := running.Wait(); err != nil {
		return nil, err
	}
	unresolved, err := unresolvedRefusals(ctx, a.Archive, a.Lookback, day, refused)
	if err != nil {
		return nil, err
	}
	all.findings = append(all.findings, unresolved...)
	all.statements.sort()
	a.answers[day] = all
	return all, nil
}

// pass is one settle pass over a unit's orders.
type pass struct {
	unit       schema.Unit
	bucket     int
	lines      int64
	statements []statement
	rules      answersByRule
	refused    []refusedAnswer
	findings   []schema.Finding
	scan       *scan
}

func (p *pass) find(key, place, want, got string) {
	p.findings = append(p.findings, schema.Finding{Day: p.unit.Day, Bucket: p.bucket, Key: key, Place: place, Want: want, Got: got, Fix: fixArchive})
}

// prove reads all batches of the pass, and the record that it is complete.
func (p *pass) prove(ctx context.Context, archive SettlementArchive, f *schema.Series) {
	for i, key := range f.Batches {
		if key == "" {
			p.find(archive.SettleBatchKey(p.unit, f.Name, i+1), "", "", "the batch is missing, and later ones are there")
			continue
		}
		if err := archive.ProveSettlements(ctx, key, func(line int, a schema.SettleAnswer) { p.answer(line, &a) }); err != nil {
			p.findings = append(p.findings, schema.Finding{Day: p.unit.Day, Bucket: p.bucket, Key: key, Got: err.Error(), Fix: fixOf(err)})
		}
	}
	if f.Certificate == "" {
		return // not complete, but its answers count
	}
	end, err := archive.ProvePass(ctx, f.Certificate)
	if err != nil {
		p.findings = append(p.findings, schema.Finding{Day: p.unit.Day, Bucket: p.bucket, Key: f.Certificate, Got: err.Error(), Fix: fixOf(err)})
	}
	if end == nil {
		return
	}
	want := fmt.Sprintf("account %s, bill_date %s, pass %s", p.unit.Account.ID, p.unit.Day, f.Name)
	if got := fmt.Sprintf("account %s, bill_date %s, pass %s", end.Account.ID, end.Day, end.Pass); got != want {
		p.find(f.Certificate, "", want, got)
	}
	if end.Asked != p.lines && len(p.findings) == 0 {
		p.find(archive.SettleBatchKey(p.unit, f.Name, len(f.Batches)+1), "", fmt.Sprintf("%d answers in the pass, as %s says", end.Asked, f.Certificate), fmt.Sprint(p.lines))
	}
}

// answer checks one answer of the pass.
func (p *pass) answer(line int, a *schema.SettleAnswer) {
	p.lines++
	place := fmt.Sprintf("line %d", line)
	if a.Account != p.unit.Account.ID || a.Day != p.unit.Day || a.Parameter == "" || a.Value == "" {
		p.find(a.Key, place, p.unit.String(), fmt.Sprintf("account %s on %s, asked for %s %q", a.Account, a.Day, a.Parameter, a.Value))
		return
	}
	statements, err := p.scan.settlements(a)
	if errors.Is(err, errSurprise) {
		statements, err = readSettlements(a)
	}
	if no, ok := errors.AsType[*refusal](err); ok {
		no.logID = cmp.Or(no.logID, a.LogID)
		p.refused = append(p.refused, refusedAnswer{queryOf(a), a.FetchedAt, schema.Finding{
			Day: p.unit.Day, Bucket: p.bucket, Key: a.Key, Place: fmt.Sprintf("%s, %s %s", place, a.Parameter, a.Value), Got: "the answer does not count: " + no.Error(), Fix: fixAnew,
		}})
		return
	}
	if err != nil {
		p.find(a.Key, place, "", "the answer is not one of the settle query: "+err.Error())
	}
	p.rules.count(a, len(statements) > 0)
	p.statements = append(p.statements, statements...)
}
