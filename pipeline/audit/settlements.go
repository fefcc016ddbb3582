package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/sync/errgroup"

	"billwalk/schema"
)

// answers are what the archive has of the settle query (查询分账) under one day.
type answers struct {
	told     tellings
	findings []schema.Finding
	objects  int
	bytes    int64
}

// answersOf reads the answers that are filed under a day, once.
func (a *Audit) answersOf(ctx context.Context, day schema.Day) (*answers, error) {
	if known := a.answers[day]; known != nil {
		return known, nil
	}
	filed, err := a.Archive.SettlementSeries(ctx, day)
	if err != nil {
		return nil, err
	}
	all := new(answers)
	var mu sync.Mutex
	var refused []refusedAnswer
	var running errgroup.Group
	running.SetLimit(sideBySide())
	for i := range filed {
		f := &filed[i]
		all.objects, all.bytes = all.objects+f.Objects(), all.bytes+f.Bytes
		running.Go(func() error {
			p := &pass{unit: schema.Unit{Account: schema.Account{ID: f.Account}, Day: day}, bucket: f.Account.Bucket(a.Buckets)}
			p.prove(ctx, a.Archive, f)
			mu.Lock()
			defer mu.Unlock()
			all.findings = append(all.findings, p.findings...)
			all.told = append(all.told, p.told...)
			refused = append(refused, p.refused...)
			return ctx.Err()
		})
	}
	if err := running.Wait(); err != nil {
		return nil, err
	}
	standing, err := a.standing(ctx, day, refused)
	if err != nil {
		return nil, err
	}
	all.findings = append(all.findings, standing...)
	all.told.sort()
	a.answers[day] = all
	return all, nil
}

// pass is one pass over a unit's orders.
type pass struct {
	unit     schema.Unit
	bucket   int
	lines    int64
	told     []telling
	refused  []refusedAnswer
	findings []schema.Finding
}

func (p *pass) find(key, place, want, got string) {
	p.findings = append(p.findings, schema.Finding{Day: p.unit.Day, Bucket: p.bucket, Key: key, Place: place, Want: want, Got: got, Fix: fixArchive})
}

// prove reads all batches of the pass, and what tells that it is whole.
func (p *pass) prove(ctx context.Context, archive Archive, f *schema.Series) {
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
		return // cut: what it was told counts all the same
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
		p.find(archive.SettleBatchKey(p.unit, f.Name, len(f.Batches)+1), "", fmt.Sprintf("%d answers in the pass, of which it tells in %s", end.Asked, f.Certificate), fmt.Sprint(p.lines))
	}
}

func (p *pass) answer(line int, a *schema.SettleAnswer) {
	p.lines++
	place := fmt.Sprintf("line %d", line)
	if a.Account != p.unit.Account.ID || a.Day != p.unit.Day || a.Parameter == "" || a.Value == "" {
		p.find(a.Key, place, p.unit.String(), fmt.Sprintf("account %s on %s, asked for %s %q", a.Account, a.Day, a.Parameter, a.Value))
		return
	}
	told, err := readSettlements(a)
	if no, ok := errors.AsType[*refusal](err); ok {
		no.logID = cmp.Or(no.logID, a.LogID)
		p.refused = append(p.refused, refusedAnswer{questionOf(a), a.FetchedAt, schema.Finding{
			Day: p.unit.Day, Bucket: p.bucket, Key: a.Key, Place: fmt.Sprintf("%s, %s %s", place, a.Parameter, a.Value), Got: "the answer does not count: " + no.Error(), Fix: fixAnew,
		}})
		return
	}
	if err != nil {
		p.find(a.Key, place, "", "the answer is not one of the settle query: "+err.Error())
	}
	p.told = append(p.told, told...)
}

// readSettlements returns what an answer tells of each settlement. The error is a
// *refusal where it does not prove that it succeeded, nor says that the order is
// unknown.
func readSettlements(a *schema.SettleAnswer) (told []telling, err error) {
	var answer struct {
		says
		Data  jsontext.Value `json:"data"`
		Extra jsontext.Value `json:"extra"`
	}
	if err := json.Unmarshal(a.Body, &answer, anyText); err != nil {
		return nil, err
	}
	var data says
	if answer.Data.Kind() == jsontext.KindBeginObject {
		if err := json.Unmarshal(answer.Data, &data, anyText); err != nil {
			return nil, err
		}
	}
	if no := proof(answer.says, data, answer.Extra); no != nil {
		if no.unknownOrder() {
			return nil, nil
		}
		return nil, no
	}
	var list []struct {
		settlementFields
		Status jsontext.Value `json:"settle_status"`
	}
	if err := json.Unmarshal(answer.Data, &list, anyText); err != nil {
		return nil, err
	}
	for _, d := range list {
		t, fault := d.telling(d.Status, a.FetchedAt)
		if fault != nil {
			err = fault
		}
		told = append(told, t)
	}
	return told, err
}

// settlementFields is what the settle query and the callbacks call the same.
type settlementFields struct {
	SettleID   jsontext.Value `json:"settle_id"`
	Amount     jsontext.Value `json:"settle_amount"`
	Rake       jsontext.Value `json:"rake"`
	Commission jsontext.Value `json:"commission"`
	Detail     jsontext.Value `json:"settle_detail"`
}

// mostSettled is the most that an amount of a settlement may be, in fen, with any sign: more is NULL,
// as the sums over a day's settlements might not hold it.
const mostSettled = 1_000_000_000_000

// telling reads what is told; where something cannot be read, it is NULL.
func (d *settlementFields) telling(rawStatus jsontext.Value, heardAt time.Time) (telling, error) {
	s := schema.Settlement{FetchedAt: heardAt}
	var faults []error
	var negatives uint8
	for _, field := range []struct {
		raw jsontext.Value
		to  *schema.Null[schema.Fen]
	}{{d.Amount, &s.Amount}, {d.Rake, &s.Rake}, {d.Commission, &s.Commission}} {
		n, fault := whole(field.raw)
		switch {
		case max(n.V, -n.V) > mostSettled:
			n = schema.Null[int64]{}
		case n.V < 0:
			n, negatives = schema.Null[int64]{}, negatives+1
		}
		*field.to, faults = schema.Null[schema.Fen]{V: schema.Fen(n.V), Valid: n.Valid}, append(faults, fault)
	}
	id, idErr := text(d.SettleID)
	status, statusErr := text(rawStatus)
	detail := readable(d.Detail)
	s.SettleID, s.Status = id.V, schema.Status(status.V)
	if detail == nil {
		faults = append(faults, errors.New("settle_detail is no text"))
	} else {
		s.Detail = *detail
	}
	t := tellingOf(&s)
	t.negatives = negatives
	return t, errors.Join(append(faults, idErr, statusErr)...)
}
