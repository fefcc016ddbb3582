package sandbox

// The functions of this file make the settlements of each story from the order's bills.

func noSettlement(*order) []settlement { return nil }

// single returns a function that makes one settlement, and changes it.
func single(settle func(*order) settlement, changes ...func(*order, settlement) settlement) func(*order) []settlement {
	return func(o *order) []settlement {
		s := settle(o)
		for _, change := range changes {
			s = change(o, s)
		}
		return []settlement{s}
	}
}

func exact(o *order) settlement { return settleLines(o.lines) }

// absolute settles all lines as positive amounts, even those of reversed bills.
func absolute(o *order) settlement {
	lines := append([]line(nil), o.lines...)
	for i := range lines {
		lines[i].direction = +1
	}
	return settleLines(lines)
}

func inFailed(_ *order, s settlement) settlement { return s.failed() }

func inStatus(status string) func(*order, settlement) settlement {
	return func(_ *order, s settlement) settlement { return s.pending(status) }
}

func withWrongLeg(leg int) func(*order, settlement) settlement {
	return func(o *order, s settlement) settlement { return s.withError(leg, o.errorFen) }
}

func settledLate(o *order, s settlement) settlement {
	s.time = o.lateAt.UnixMilli()
	return s
}

func withUnreadableDetail(_ *order, s settlement) settlement {
	s.exception = SettleDetail
	return s
}

func withBrokenIdentity(o *order, s settlement) settlement {
	s.fen[legFee] += o.errorFen
	s.exception = SettleAmountIdentity
	return s
}

func eachLine(o *order) []settlement {
	var list []settlement
	for i := range o.lines {
		list = append(list, settleLines(o.lines[i:i+1]))
	}
	return list
}

func inTwoHalves(o *order) []settlement { return settleLines(o.lines).halves() }

func twice(o *order) []settlement { return []settlement{settleLines(o.lines), settleLines(o.lines)} }

func settleItem(lines []line) settlement {
	s := settleLines(lines)
	s.item = lines[0].ItemOrderID
	return s
}

func eachItem(o *order) []settlement {
	var list []settlement
	for _, lines := range splitByItem(o.lines) {
		list = append(list, settleItem(lines))
	}
	return list
}

func itemAndRest(o *order) []settlement {
	first := splitByItem(o.lines)[0]
	return []settlement{settleItem(first), settleLines(o.lines[len(first):])}
}

// itemAndWrongRest settles the first item correctly, and the others together with an error.
func itemAndWrongRest(o *order) []settlement {
	list := itemAndRest(o)
	list[1] = list[1].withError(legTotal, o.errorFen)
	return list
}

func itemAndFailedRest(o *order) []settlement {
	list := itemAndRest(o)
	list[1] = list[1].failed()
	return list
}

// firstLineAndRest settles the first line, and the others together with a change.
func firstLineAndRest(change func(*order, settlement) settlement) func(*order) []settlement {
	return func(o *order) []settlement {
		return []settlement{settleLines(o.lines[:1]), change(o, settleLines(o.lines[1:]))}
	}
}

func failedThenWhole(o *order) []settlement {
	return []settlement{settleLines(o.lines).failed(), settleLines(o.lines)}
}

func failedThenLate(o *order) []settlement {
	list := failedThenWhole(o)
	list[1] = settledLate(o, list[1])
	return list
}

func eachDay(o *order) []settlement {
	list := eachLine(o)
	for i := range list {
		list[i].day = o.lines[i].at.day
	}
	return list
}

func eachDayLastWrong(o *order) []settlement {
	list := eachDay(o)
	last := &list[len(list)-1]
	*last = last.withError(legTotal, o.errorFen)
	return list
}

// oneToOne settles both days on the second one: the first correctly, the second with an error.
func oneToOne(o *order) []settlement {
	list := eachLine(o)
	list[1] = list[1].withError(legTotal, o.errorFen)
	return list
}

func oneAndProcessing(o *order) []settlement {
	list := eachLine(o)
	list[1] = list[1].pending(statusProcessing)
	return list
}
