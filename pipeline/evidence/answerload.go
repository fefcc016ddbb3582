package evidence

import (
	"cmp"
	"context"

	"billwalk/pipeline/hashed"
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
	chunks := func(yield func(*answerChunk) bool) { unread = a.readChunks(ctx, day, yield) }
	for chunk, err := range parallel.InOrder(chunks, a.decode) {
		if err == nil {
			err = a.addAll(chunk)
		}
		fault = cmp.Or(fault, err)
	}
	return cmp.Or(unread, fault)
}

// chunkSize is how many answers are decoded at a time.
const chunkSize = 256

// answerChunk is some answers in their order, with the memory that others had before.
type answerChunk struct {
	received []schema.SettleAnswer
	bodies   []byte // of the answers
	prepared []PreparedAnswer
	faults   []error // of those that are no answers

	memory answerMemory
}

// newChunk returns an empty chunk.
func (a *answers) newChunk() *answerChunk {
	c, ok := a.chunks.Get().(*answerChunk)
	if !ok {
		return new(answerChunk)
	}
	c.received, c.bodies, c.prepared, c.faults, c.memory.records = c.received[:0], c.bodies[:0], c.prepared[:0], c.faults[:0], c.memory.records[:0]
	return c
}

// add adds an answer, whose body is copied.
func (c *answerChunk) add(a schema.SettleAnswer) {
	from := len(c.bodies)
	c.bodies = append(c.bodies, a.Body...)
	a.Body = c.bodies[from:len(c.bodies):len(c.bodies)]
	c.received = append(c.received, a)
}

// readChunks yields what the archive has of a day.
func (a *answers) readChunks(ctx context.Context, day schema.Day, yield func(*answerChunk) bool) error {
	chunk := a.newChunk()
	err := a.archive.Settlements(ctx, day, a.wanted, func(answer schema.SettleAnswer) {
		if chunk.add(answer); len(chunk.received) == chunkSize {
			yield(chunk) // all are wanted
			chunk = a.newChunk()
		}
	}, a.addPass)
	yield(chunk)
	return err
}

// decode decodes the answers of a chunk.
func (a *answers) decode(c *answerChunk) (*answerChunk, error) {
	texts := string(c.bodies)
	for i := range c.received {
		var prepared PreparedAnswer
		var text string
		text, texts = texts[:len(c.received[i].Body)], texts[len(c.received[i].Body):]
		answer, err := c.memory.decoder.Decode(c.received[i], text)
		if err == nil {
			prepared = a.prepare(&answer, &c.memory)
		}
		c.prepared, c.faults = append(c.prepared, prepared), append(c.faults, err)
	}
	return c, nil
}

// addAll adds the answers of a chunk, which is not used any more. The error is the first one;
// what is no answer is none.
func (a *answers) addAll(c *answerChunk) (fault error) {
	for i := range c.received {
		if c.faults[i] != nil {
			a.addInvalid(&c.received[i], c.faults[i])
		} else if err := a.addPrepared(&c.prepared[i], c.received[i].Key); err != nil && fault == nil {
			fault = err
		}
	}
	a.chunks.Put(c)
	return fault
}
