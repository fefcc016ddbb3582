package report

import (
	"cmp"
	"hash/maphash"
	"maps"
	"slices"

	"billwalk/schema"
)

// payeeTally is the roll-forward of a payee while it is added up.
type payeeTally struct {
	before      schema.Fen // what withdrawals pay of days before the first
	carried     schema.Fen // in - out - withdrawn of the days before the report's
	unexplained schema.Fen // of all days
	days        map[schema.Day]*Balance
}

// waitingBill is a bill that no withdrawal has paid so far.
type waitingBill struct {
	account string
	day     schema.Day
	fen     schema.Fen
}

// balances rolls forward what waits, day by day: of the bills it holds those alone that wait.
type balances struct {
	from, to schema.Day
	payees   map[string]*payeeTally
	own      map[string]bool        // payees of the job's bills
	past     recentBills            // that wait no more, or never did: one that a later day has again counts once
	waiting  map[uint64]waitingBill // by withdrawnKey
	unfound  map[uint64]unfoundBill // listed, and in no bills so far
	unknown  map[uint64]bool        // ledger ids of an exception that says that no bills have them
	pending  []launched             // of the day that is being read
	day      schema.Day             // that is being read
	shown    []launched             // of the report's days
	adder
}

// unfoundBill is what a withdrawal lists of a bill that is not there.
type unfoundBill struct {
	account string
	ledger  uint64
	day     schema.Day // of the launch
	fen     schema.Fen
}

// launched is a withdrawal with its bills.
type launched struct {
	Withdrawal
	bills []listedBill
}

// listedBill is a bill in a withdrawal's list.
type listedBill struct {
	WithdrawnBill
	key, ledger uint64
}

// billID is a bill of an account.
type billID struct {
	account string
	key     uint64 // withdrawnKey
}

func newBalances(from, to schema.Day) *balances {
	return &balances{from: from, to: to, payees: make(map[string]*payeeTally), own: make(map[string]bool), waiting: make(map[uint64]waitingBill), unfound: make(map[uint64]unfoundBill), unknown: make(map[uint64]bool)}
}

func (b *balances) payee(account string) *payeeTally {
	p := b.payees[account]
	if p == nil {
		p = &payeeTally{days: make(map[schema.Day]*Balance)}
		b.payees[account] = p
	}
	return p
}

// on returns the balance of a payee's day, or nil for one before the report's.
func (b *balances) on(account string, day schema.Day) *Balance {
	if day < b.from {
		return nil
	}
	p := b.payee(account)
	if p.days[day] == nil {
		p.days[day] = new(Balance)
	}
	return p.days[day]
}

// add adds what a later part has. A day's withdrawals follow the bills of all of its parts.
func (b *balances) add(m moved) error {
	if m.day != b.day {
		b.withdraw()
		b.day = m.day
	}
	for _, bill := range m.bills {
		b.addBill(m.day, bill)
	}
	b.pending = append(b.pending, m.withdrawals...)
	maps.Copy(b.unknown, m.unknown)
	return b.err
}

func (b *balances) addBill(day schema.Day, bill movedBill) {
	b.own[bill.account] = true
	id := maphash.Comparable(hashSeed, billID{bill.account, bill.key})
	if earlier, again := b.waiting[bill.key]; again && earlier.account == bill.account || b.past.has(id) {
		return
	}
	balance := b.on(bill.account, day)
	if !bill.fen.Valid {
		b.past.add(id)
		if balance != nil {
			balance.BillsUnknown++
		}
		return
	}
	fen := bill.fen.V
	if balance == nil {
		b.adder.add(&b.payee(bill.account).carried, fen)
	} else {
		balance.BillsWithdrawn++ // until what waits in the end is known
		b.adder.add(&balance.In, max(fen, 0))
		b.sub(&balance.Out, min(fen, 0))
	}
	if unfound, ok := b.unfound[bill.key]; ok { // it was published after its withdrawal
		delete(b.unfound, bill.key)
		b.past.add(id)
		b.explain(unfound.account, unfound.day, fen)
		return
	}
	b.waiting[bill.key] = waitingBill{bill.account, day, fen}
}

// withdraw pays the bills of the pending withdrawals, in the order of their launches.
func (b *balances) withdraw() {
	slices.SortStableFunc(b.pending, func(a, c launched) int {
		return cmp.Or(timeOrder(a.Launched, c.Launched), cmp.Compare(a.Account, c.Account), cmp.Compare(a.ID, c.ID))
	})
	for _, w := range b.pending {
		if w.Verdict.Paid() {
			b.pay(&w)
		}
		if w.Day >= b.from {
			w.bills = slices.Clone(w.bills[:min(len(w.bills), maxWithdrawnBills)])
			b.shown = append(b.shown, w)
		}
	}
	b.pending = nil
}

func (b *balances) pay(w *launched) {
	if balance := b.on(w.Account, w.Day); balance != nil {
		b.adder.add(&balance.Withdrawn, w.Amount.V)
	} else {
		b.sub(&b.payee(w.Account).carried, w.Amount.V)
	}
	b.explain(w.Account, w.Day, -w.Amount.V)
	if !w.Verdict.Listed() {
		return
	}
	for _, bill := range w.bills {
		waiting, ok := b.waiting[bill.key]
		switch {
		case ok:
			delete(b.waiting, bill.key)
			b.past.add(maphash.Comparable(hashSeed, billID{waiting.account, bill.key}))
			b.explain(w.Account, w.Day, waiting.fen)
		case bill.BilledOn == "" && bill.Amount.Valid:
			if _, again := b.unfound[bill.key]; !again {
				b.unfound[bill.key] = unfoundBill{w.Account, bill.ledger, w.Day, bill.Amount.V}
			}
		}
	}
}

// explain takes what bills explain of a payee's withdrawals from what is unexplained.
func (b *balances) explain(account string, day schema.Day, fen schema.Fen) {
	b.sub(&b.payee(account).unexplained, fen)
	if balance := b.on(account, day); balance != nil {
		b.sub(&balance.Unexplained, fen)
	}
}

// end adds what is known when all days have been read.
func (b *balances) end() {
	b.withdraw()
	for _, u := range b.unfound {
		if !b.unknown[u.ledger] { // it is of a day before the first
			b.adder.add(&b.payee(u.account).before, u.fen)
			b.explain(u.account, u.day, u.fen)
		}
	}
	for _, w := range b.waiting {
		if balance := b.on(w.account, w.day); balance != nil {
			balance.BillsWithdrawn--
			balance.BillsWaiting++
		}
	}
}

// merge adds a later time of the same payee, or, with sideBySide, the same time of another.
func (b *balances) merge(sum, o *Balance, sideBySide bool) {
	if sideBySide {
		b.adder.add(&sum.Opening, o.Opening)
		b.adder.add(&sum.Closing, o.Closing)
	} else {
		sum.Closing = o.Closing
	}
	b.adder.add(&sum.In, o.In)
	b.adder.add(&sum.Out, o.Out)
	b.adder.add(&sum.Withdrawn, o.Withdrawn)
	b.adder.add(&sum.Unexplained, o.Unexplained)
	sum.BillsWithdrawn, sum.BillsWaiting, sum.BillsUnknown = sum.BillsWithdrawn+o.BillsWithdrawn, sum.BillsWaiting+o.BillsWaiting, sum.BillsUnknown+o.BillsUnknown
}
