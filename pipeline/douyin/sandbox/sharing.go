package sandbox

// How the settlements of each story are made from the order's bills.

func nothing(*order) []settlement { return nil }

// single makes a single settlement, changed in some ways.
func single(settle func(*order) settlement, changes ...func(*order, settlement) settlement) func(*order) []settlement {
	return func(o *order) []settlement {
		s := settle(o)
		for _, change := range changes {
			s = change(o, s)
		}
		return []settlement{s}
	}
}

func exact(o *order) settlement { return whole(o.lines) }

// unsigned settles what was sold, whichever way the funds flowed.
func unsigned(o *order) settlement {
	lines := append([]line(nil), o.lines...)
	for i := range lines {
		lines[i].direction = +1
	}
	return whole(lines)
}

func failing(_ *order, s settlement) settlement { return s.failed() }

func waiting(status string) func(*order, settlement) settlement {
	return func(_ *order, s settlement) settlement { return s.pending(status) }
}

func wrong(leg int) func(*order, settlement) settlement {
	return func(o *order, s settlement) settlement { return s.off(leg, o.wrongBy) }
}

func lately(o *order, s settlement) settlement {
	s.time = o.late.UnixMilli()
	return s
}

func illegible(_ *order, s settlement) settlement {
	s.raises = SettleDetail
	return s
}

func unidentical(o *order, s settlement) settlement {
	s.fen[legFee] += o.wrongBy
	s.raises = SettleAmountIdentity
	return s
}

func eachLine(o *order) []settlement {
	var list []settlement
	for i := range o.lines {
		list = append(list, whole(o.lines[i:i+1]))
	}
	return list
}

func inHalves(o *order) []settlement { return whole(o.lines).halves() }

func twice(o *order) []settlement { return []settlement{whole(o.lines), whole(o.lines)} }

func ofItem(lines []line) settlement {
	s := whole(lines)
	s.item = lines[0].ItemOrderID
	return s
}

func eachItem(o *order) []settlement {
	var list []settlement
	for _, lines := range byItems(o.lines) {
		list = append(list, ofItem(lines))
	}
	return list
}

func itemAndRest(o *order) []settlement {
	first := byItems(o.lines)[0]
	return []settlement{ofItem(first), whole(o.lines[len(first):])}
}

// itemOff has an item right and the others, in one settlement, wrong.
func itemOff(o *order) []settlement {
	list := itemAndRest(o)
	list[1] = list[1].off(legTotal, o.wrongBy)
	return list
}

func itemFailed(o *order) []settlement {
	list := itemAndRest(o)
	list[1] = list[1].failed()
	return list
}

// partly settles the first line, and the others in a way that changes.
func partly(change func(*order, settlement) settlement) func(*order) []settlement {
	return func(o *order) []settlement {
		return []settlement{whole(o.lines[:1]), change(o, whole(o.lines[1:]))}
	}
}

func failedThenWhole(o *order) []settlement {
	return []settlement{whole(o.lines).failed(), whole(o.lines)}
}

func failedThenLate(o *order) []settlement {
	list := failedThenWhole(o)
	list[1] = lately(o, list[1])
	return list
}

func eachDay(o *order) []settlement {
	list := eachLine(o)
	for i := range list {
		list[i].day = o.lines[i].at.day
	}
	return list
}

func lastDayOff(o *order) []settlement {
	list := eachDay(o)
	last := &list[len(list)-1]
	*last = last.off(legTotal, o.wrongBy)
	return list
}

// oneToOne settles both days on the second: the first as it is, the second wrong.
func oneToOne(o *order) []settlement {
	list := eachLine(o)
	list[1] = list[1].off(legTotal, o.wrongBy)
	return list
}

func oneAndProcessing(o *order) []settlement {
	list := eachLine(o)
	list[1] = list[1].pending(statusProcessing)
	return list
}
