package settle

import (
	"encoding/binary"
	"iter"
	"slices"

	"billwalk/pipeline/spill"
	"billwalk/schema"
)

// orderList has the orders of a day by account, and those of an account by key. They lie on
// local disk, for a day may have millions. It is filled first; then several may read it.
type orderList struct {
	codec  orderCodec
	blocks *spill.Records
	units  map[schema.AccountID]*unitOrders
	count  int64
}

// unitOrders are the orders of an account.
type unitOrders struct {
	blocks []spill.Place
	last   []byte // those that are in no block yet
	count  int64
}

const orderBlock = 8 << 10 // bytes; an order takes about 100

func newOrderList(codec orderCodec) (*orderList, error) {
	blocks, err := spill.NewRecords("orders")
	return &orderList{codec: codec, blocks: blocks, units: make(map[schema.AccountID]*unitOrders)}, err
}

func (l *orderList) close() { l.blocks.Close() }

// add adds an order, whose key is greater than those of its account before.
func (l *orderList) add(o *order) error {
	u := l.units[o.account]
	if u == nil {
		u = new(unitOrders)
		l.units[o.account] = u
	}
	l.count++
	u.count++
	u.last = l.codec.append(u.last, o)
	if len(u.last) < orderBlock {
		return nil
	}
	place, err := l.blocks.Add(u.last)
	u.blocks, u.last = append(u.blocks, place), u.last[:0]
	return err
}

// addSorted adds packed orders, which are sorted by key. Those of one key are one order,
// which several partitions have.
func (l *orderList) addSorted(sorted iter.Seq2[spill.Sorted, error]) error {
	var last *order
	for record, err := range sorted {
		if err != nil {
			return err
		}
		o := l.codec.decode(&packed{record.Value})
		if last != nil && last.key == o.key {
			*last = o.merge(*last, l.codec)
			continue
		}
		if last != nil {
			if err := l.add(last); err != nil {
				return err
			}
		}
		last = &o
	}
	if last == nil {
		return nil
	}
	return l.add(last)
}

// countOf returns how many orders an account has.
func (l *orderList) countOf(account schema.AccountID) int64 {
	if u := l.units[account]; u != nil {
		return u.count
	}
	return 0
}

// of yields the orders of an account by key. It may be called again.
func (l *orderList) of(account schema.AccountID) iter.Seq2[order, error] {
	return func(yield func(order, error) bool) {
		u := l.units[account]
		if u == nil {
			return
		}
		for _, place := range u.blocks {
			block, err := l.blocks.Read(place)
			if err != nil {
				yield(order{}, err)
				return
			}
			if !l.codec.decodeAll(block, yield) {
				return
			}
		}
		l.codec.decodeAll(u.last, yield)
	}
}

// orderCodec packs orders. A query names its rule by the place in the job.
type orderCodec []schema.Match

// The flags of a packed order, as append has them.
const (
	flagAgrees = 1 << iota
	flagUnanswered
	flagCovered
	flagContradicted
	flagOrderID
)

func (c orderCodec) append(to []byte, o *order) []byte {
	flags := byte(0)
	for i, set := range [...]bool{o.agrees, o.unanswered, o.covered, o.contradicted, o.orderID.Valid} {
		if set {
			flags |= 1 << i
		}
	}
	to = append(to, flags)
	to = appendText(appendText(to, o.key), string(o.account))
	if o.orderID.Valid {
		to = appendText(to, o.orderID.V)
	}
	to = binary.AppendUvarint(to, uint64(len(o.queries)))
	for _, q := range o.queries {
		to = binary.AppendUvarint(to, uint64(slices.Index(c, q.Match)))
		to = appendText(to, q.Value)
	}
	return to
}

func appendText(to []byte, text string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(text))), text...)
}

// decodeAll yields packed orders, and reports whether to go on.
func (c orderCodec) decodeAll(data []byte, yield func(order, error) bool) bool {
	for in := (packed{data}); len(in.rest) > 0; {
		if !yield(c.decode(&in), nil) {
			return false
		}
	}
	return true
}

func (c orderCodec) decode(in *packed) (o order) {
	flags := in.rest[0]
	in.rest = in.rest[1:]
	o.agrees, o.unanswered = flags&flagAgrees != 0, flags&flagUnanswered != 0
	o.covered, o.contradicted = flags&flagCovered != 0, flags&flagContradicted != 0
	o.key, o.account = in.text(), schema.AccountID(in.text())
	if flags&flagOrderID != 0 {
		o.orderID = schema.Some(in.text())
	}
	if n := in.number(); n > 0 {
		o.queries = make([]schema.Query, n)
	}
	for i := range o.queries {
		o.queries[i] = schema.Query{Match: c[in.number()], Value: in.text()}
	}
	return o
}

// packed is what is left of packed orders.
type packed struct{ rest []byte }

func (p *packed) number() uint64 {
	n, width := binary.Uvarint(p.rest)
	p.rest = p.rest[width:]
	return n
}

func (p *packed) text() string {
	n := p.number()
	text := string(p.rest[:n])
	p.rest = p.rest[n:]
	return text
}
