package archive

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"billwalk/schema"
	"billwalk/sinks/object"
)

// Answers of the settle query are stored under the unit whose bills were queried, in
// batches of a pass, with the end of the pass once every order of the unit was queried. Of
// several answers to one query the one that was fetched last counts. The empty account has
// the answers about settlements that are known from callbacks only.

// EncodeSettlement returns the answer as one JSON line, which contains the body byte for
// byte. Answers are small and similar, so that they are compressed by the batch.
func (*Archive) EncodeSettlement(a schema.SettleAnswer) ([]byte, error) {
	if !fitsLine(a.Body) {
		return nil, fmt.Errorf("the answer to %s %q is empty, has line breaks or white space around it", a.Parameter, a.Value)
	}
	line, err := json.Marshal(struct {
		Account   schema.AccountID `json:"account"`
		Day       schema.Day       `json:"bill_date"`
		Parameter string           `json:"parameter"`
		Column    string           `json:"column"`
		Value     string           `json:"value"`
		FetchedAt time.Time        `json:"fetched_at"`
		LogID     string           `json:"logid"`
	}{a.Account, a.Day, a.Parameter, a.Column, a.Value, a.FetchedAt, a.LogID})
	if err != nil {
		return nil, err
	}
	return withBody(line, a.Body), nil
}

// AppendSettlements stores encoded answers as batch n (from 1) of a pass over the unit, and
// returns the key of the batch. A batch is written once, as in Append.
func (a *Archive) AppendSettlements(ctx context.Context, u schema.Unit, pass string, n int, answers []byte) (key string, err error) {
	key = settlementsBatchKey(u, pass, n)
	return key, a.create(ctx, key, encoder.EncodeAll(answers, nil))
}

// CertifySettlements stores that a pass is complete.
func (a *Archive) CertifySettlements(ctx context.Context, p *schema.SettlePass) error {
	p.Version = passVersion
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return a.create(ctx, passKey(p.Unit(), p.Pass), data)
}

const passVersion = 1

// Settlements passes the answers and the complete passes that are stored under the day, of
// the accounts that are wanted, or all, to the functions; a pass comes after its answers. The
// body of an answer is good until the function returns. Whether it is JSON sees who decodes
// it. An object that cannot be read, or a pass without all its answers, is an error that names
// the object and does not stop the reading.
func (a *Archive) Settlements(ctx context.Context, day schema.Day, wanted func(schema.AccountID) bool, answer func(schema.SettleAnswer), pass func(schema.SettlePass)) error {
	var faults []error
	stored := make(map[series]int64) // answers of each pass
	for info, err := range a.store.List(ctx, settlementsOf(day)) {
		if err != nil {
			return err
		}
		m, ok := parseUnitKey(settlementsOf(day), info.Key)
		switch {
		case !ok || wanted != nil && !wanted(m.account):
		case m.end:
			faults = append(faults, a.settlePass(ctx, info.Key, stored[m.series], pass))
		default:
			faults = append(faults, a.settleBatch(ctx, info.Key, func(found schema.SettleAnswer) {
				stored[m.series]++
				answer(found)
			}))
		}
	}
	return errors.Join(faults...)
}

// settlePass reads the end of a pass, of which the archive holds stored answers.
func (a *Archive) settlePass(ctx context.Context, key string, stored int64, take func(schema.SettlePass)) error {
	data, err := object.ReadContent(ctx, a.store, key)
	if err != nil {
		return err
	}
	if err := schema.CheckVersion(data, passVersion); err != nil {
		return fmt.Errorf("archive object %s: %w", key, err)
	}
	var p schema.SettlePass
	if err := json.Unmarshal(data, &p); err != nil {
		return fmt.Errorf("archive object %s is damaged: %w", key, err)
	}
	if p.Asked != stored {
		return fmt.Errorf("archive object %s names %d answers, the archive holds %d of them", key, p.Asked, stored)
	}
	take(p)
	return nil
}

func (a *Archive) settleBatch(ctx context.Context, key string, take func(schema.SettleAnswer)) error {
	body, err := object.Content(ctx, a.store, key)
	if err != nil {
		return err
	}
	defer body.Close()
	var lines settleLines
	n := 0
	for line, err := range a.lines(ctx, body) {
		var answer schema.SettleAnswer
		if err == nil {
			answer, err = lines.parse(line)
		}
		if err == nil && (answer.Parameter == "" || answer.Value == "" || len(answer.Body) == 0) {
			err = errors.New("a line is no answer")
		}
		if err != nil {
			return fmt.Errorf("archive object %s is damaged: %w", key, err)
		}
		answer.Key = key
		take(answer)
		n++
	}
	if n == 0 {
		return fmt.Errorf("archive object %s is damaged: it is empty", key)
	}
	return nil
}
