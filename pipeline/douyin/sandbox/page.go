package sandbox

// page is the data of a correct answer.
type page struct {
	ErrorCode     *int64  `json:"error_code,omitempty"` // 0 or left out, by chance
	Description   string  `json:"description,omitempty"`
	Cursor        string  `json:"cursor"`
	HasMore       bool    `json:"has_more"`
	BizType       *int    `json:"biz_type,omitempty"`
	LedgerRecords *[]bill `json:"ledger_records,omitempty"` // nil only under the fault missing-records
}

// slots returns the places of the unit's bills in order, as their number and a
// function of the position. Under the fault day-changing, one is missing or added.
func (p *Platform) slots(c call) (count int, at func(int) place) {
	counts := make([]int, len(c.scope.payees))
	for i, payee := range c.scope.payees {
		counts[i] = p.world.count(payee, c.day)
		count += counts[i]
	}
	settledAt := func(position int) place {
		last := len(counts) - 1
		for i, n := range counts {
			if position < n || i == last { // past the end: a slot that the day does not have
				return place{c.scope.payees[i], c.day, position}
			}
			position -= n
		}
		panic("a walk without payees")
	}
	gone := count / 2
	switch state := p.unitState(c); {
	case count == 0 || state == stable:
		return count, settledAt
	case state == billExtra:
		return count + 1, settledAt
	default:
		return count - 1, func(position int) place {
			if position >= gone {
				position++
			}
			return settledAt(position)
		}
	}
}

// page returns the call's page of bills.
func (p *Platform) page(c call) page {
	count, at := p.slots(c)
	end := min(c.offset+c.size, count)
	bills := make([]bill, 0, c.size+1)
	for position := c.offset; position < end; position++ {
		bills = append(bills, p.world.bill(at(position)))
	}
	if p.config.Faults.has("null-records") && len(bills) == 0 && end == count {
		bills = nil
	}
	out := page{Cursor: p.sealCursor(c, end), HasMore: end < count, LedgerRecords: &bills}
	if dice(c.hash, uint64(c.attempt))%2 == 0 {
		out.ErrorCode, out.Description = new(int64), "success"
	}
	if p.config.Faults.has("biz-beside") {
		out.liftBizType(usualBizType(c.scope.merchant))
	}
	return out
}

// liftBizType moves the usual type from the bills to a field beside the cursor.
func (out *page) liftBizType(usual int) {
	out.BizType = &usual
	for i := range *out.LedgerRecords {
		b := &(*out.LedgerRecords)[i]
		if *b.BizType == usual {
			b.BizType = nil
		}
	}
}

// spoilPage changes the page as the lasting fault does.
func (p *Platform) spoilPage(out *page, c call, fault string) {
	switch fault {
	case "loop":
		out.HasMore, out.Cursor = true, p.sealCursor(c, c.size)
	case "empty-pages":
		out.HasMore = true
		if c.offset > 0 {
			*out.LedgerRecords = []bill{}
			out.Cursor = p.sealCursor(c, c.offset+1)
		}
	case "missing-records":
		out.LedgerRecords = nil
	case "oversize-page":
		bills := *out.LedgerRecords
		_, at := p.slots(c)
		for len(bills) <= c.size {
			bills = append(bills, p.world.bill(at(c.offset+len(bills))))
		}
		*out.LedgerRecords = bills
	}
}
