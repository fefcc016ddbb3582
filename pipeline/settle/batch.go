package settle

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"billwalk/pipeline/evidence"
	"billwalk/pipeline/normalise"
	"billwalk/pipeline/stop"
)

const (
	batchSize = 1 << 20          // bytes of answers that are stored as one batch
	batchSpan = 30 * time.Second // between a batch's first answer and its last: more than this is not lost by a kill
)

// batch collects answers as they come, until they are stored. In the archive they stand in
// the sequence of the orders. It is safe for concurrent use.
type batch struct {
	turn    turn
	stored  int // batches in the archive
	answers []fetched
	size    int
	began   time.Time // when the first answer was fetched
	err     error     // that storing ended with; the pass ends soon
}

// turn is a lock that is held while something is stored. Where time is simulated, it does not
// pass while a goroutine waits for a mutex; for a channel it does.
type turn chan struct{}

func newTurn() turn  { return make(turn, 1) }
func (t turn) take() { t <- struct{}{} }
func (t turn) end()  { <-t }

// fetched is an answer that is not stored yet. It counts once it is.
type fetched struct {
	place    int // of its order
	line     []byte
	prepared evidence.PreparedAnswer
}

// keep adds the answers of an order, which count only together: no batch divides them.
func (p *pass) keep(ctx context.Context, place int, answers []normalise.SettlementsAnswer) error {
	b := &p.batch
	b.turn.take()
	defer b.turn.end()
	for i := range answers {
		a := &answers[i]
		line, err := p.Archive.EncodeSettlement(a.SettleAnswer)
		if err != nil {
			return err
		}
		if len(b.answers) == 0 {
			b.began = a.FetchedAt
		}
		b.answers, b.size = append(b.answers, fetched{place, line, p.Evidence.PrepareAnswer(a)}), b.size+len(line)
	}
	if b.err == nil && (b.size >= batchSize || p.Now().Sub(b.began) >= batchSpan) {
		b.err = p.store(ctx)
	}
	return b.err
}

// flush stores the batch, even where ctx has ended: what was fetched is not to be fetched
// again.
func (p *pass) flush(ctx context.Context) error {
	p.batch.turn.take()
	defer p.batch.turn.end()
	return p.store(ctx)
}

func (p *pass) store(ctx context.Context) error {
	b := &p.batch
	if len(b.answers) == 0 {
		return nil
	}
	slices.SortStableFunc(b.answers, func(a, c fetched) int { return cmp.Compare(a.place, c.place) })
	data := make([]byte, 0, b.size)
	for i := range b.answers {
		data = append(data, b.answers[i].line...)
	}
	ctx, cancel := stop.Outlast(ctx, stop.FlushGrace)
	defer cancel()
	key, err := p.Archive.AppendSettlements(ctx, p.unit, p.name, b.stored+1, data)
	if err != nil {
		return fmt.Errorf("archiving settlements of %s: %w", p.unit, err)
	}
	for i := range b.answers {
		if err := p.Evidence.AddAnswer(&b.answers[i].prepared, key); err != nil {
			return err
		}
	}
	clear(b.answers)
	b.stored, b.answers, b.size = b.stored+1, b.answers[:0], 0
	return nil
}
