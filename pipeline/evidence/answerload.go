package evidence

import (
	"cmp"
	"context"

	"billwalk/pipeline/hashed"
	"billwalk/pipeline/normalise"
	"billwalk/pipeline/parallel"
	"billwalk/schema"
)

// load reads what the archive has of a day, once. What cannot be read of it is an
// error; the rest is known all the same.
func (a *answers) load(ctx context.Context, day schema.Day) error {
	a.mu.Lock()
	_, loaded := a.days[day]
	if !loaded {
		a.days[day] = new(hashed.Map[lastAnswer])
	}
	a.mu.Unlock()
	if loaded {
		return nil
	}
	var unread, fault error
	chunks := func(yield func([]schema.SettleAnswer) bool) { unread = a.readChunks(ctx, day, yield) }
	for chunk, err := range parallel.InOrder(chunks, a.decode) {
		if err == nil {
			err = a.addAll(chunk)
		}
		fault = cmp.Or(fault, err)
	}
	return cmp.Or(unread, fault)
}

// answerChunk is how many answers are decoded at a time.
const answerChunk = 256

// readChunks yields what the archive has of a day.
func (a *answers) readChunks(ctx context.Context, day schema.Day, yield func([]schema.SettleAnswer) bool) error {
	var chunk []schema.SettleAnswer
	err := a.archive.Settlements(ctx, day, a.wanted, func(answer schema.SettleAnswer) {
		if chunk = append(chunk, answer); len(chunk) == answerChunk {
			yield(chunk) // all are wanted
			chunk = make([]schema.SettleAnswer, 0, answerChunk)
		}
	}, a.addPass)
	yield(chunk)
	return err
}

// decodedAnswers are the answers of a chunk, in their order.
type decodedAnswers struct {
	received []schema.SettleAnswer
	prepared []PreparedAnswer
	faults   []error // of those that are no answers
}

func (a *answers) decode(received []schema.SettleAnswer) (decodedAnswers, error) {
	d := decodedAnswers{received, make([]PreparedAnswer, len(received)), make([]error, len(received))}
	for i := range received {
		answer, err := normalise.DecodeSettleAnswer(received[i])
		if d.faults[i] = err; err == nil {
			d.prepared[i] = a.prepare(&answer)
		}
	}
	return d, nil
}

// addAll adds the answers of a chunk. The error is the first one; what is no answer is none.
func (a *answers) addAll(d decodedAnswers) (fault error) {
	for i := range d.received {
		if d.faults[i] != nil {
			a.addInvalid(&d.received[i], d.faults[i])
		} else if err := a.addPrepared(&d.prepared[i], d.received[i].Key); err != nil && fault == nil {
			fault = err
		}
	}
	return fault
}
