package report

import (
	"cmp"
	"context"
	"hash/maphash"
	"slices"

	"billwalk/schema"
)

type ruleKey struct {
	rule     schema.Rule
	severity schema.Severity
}

// exceptions counts exceptions, with the first of each rule as examples.
type exceptions map[ruleKey]*RuleCount

// merge adds those of a later part.
func (e exceptions) merge(later exceptions) {
	for key, o := range later {
		c := e[key]
		if c == nil {
			e[key] = o
			continue
		}
		c.Count += o.Count
		c.Examples = append(c.Examples, o.Examples[:min(len(o.Examples), MaxExamples-len(c.Examples))]...)
	}
}

// counts returns the errors first, then the most frequent.
func (e exceptions) counts() []RuleCount {
	counts := make([]RuleCount, 0, len(e))
	for _, c := range e {
		counts = append(counts, *c)
	}
	slices.SortFunc(counts, func(a, b RuleCount) int {
		return cmp.Or(cmp.Compare(a.Severity, b.Severity), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Rule, b.Rule))
	})
	return counts
}

func (e exceptions) bySeverity() (errors, warnings int64) {
	for key, c := range e {
		if key.severity == schema.SeverityError {
			errors += c.Count
		} else {
			warnings += c.Count
		}
	}
	return errors, warnings
}

// partExceptions are the exceptions of a part. Whose they are is known when its bills have
// been read.
type partExceptions struct {
	list        []heldException
	bills       map[uint64]schema.AccountID // that list names, by hash; and who has them, once that is known
	rules       map[uint64][]schema.Rule    // likewise by bill
	settlements map[string][]schema.Rule    // that list names, by settle_id
}

type heldException struct {
	ruleKey
	bill    uint64     // hash of its account_id and ledger_id; 0 if it names none
	example *Exception // nil if the rule has examples enough
}

var exceptionColumns = []string{"rule", "severity", "account_id", "ledger_id", "shop_order_id", "settle_id", "expected_fen", "actual_fen", "detail"}

func readExceptions(ctx context.Context, l *loader, p part) (*partExceptions, error) {
	e := &partExceptions{bills: make(map[uint64]schema.AccountID), rules: make(map[uint64][]schema.Rule), settlements: make(map[string][]schema.Rule)}
	examples := make(map[ruleKey]int)
	for x, err := range rows[schema.Exception](ctx, l, &schema.Exceptions, p, exceptionColumns...) {
		if err != nil {
			return nil, err
		}
		held := heldException{ruleKey: ruleKey{x.Rule, x.Severity}}
		if x.LedgerID.Valid {
			held.bill = billHash(x.AccountID.V, x.LedgerID.V)
			e.bills[held.bill] = ""
			e.rules[held.bill] = append(e.rules[held.bill], x.Rule)
		}
		if x.SettleID.Valid {
			e.settlements[x.SettleID.V] = append(e.settlements[x.SettleID.V], x.Rule)
		}
		if examples[held.ruleKey] < MaxExamples {
			examples[held.ruleKey]++
			held.example = &Exception{
				Day: p.day, Account: x.AccountID.V, LedgerID: x.LedgerID.V, Order: x.ShopOrderID.V, SettleID: x.SettleID.V,
				Expected: Amount(x.Expected), Actual: Amount(x.Actual), Detail: detailText(x.Detail),
			}
		}
		e.list = append(e.list, held)
	}
	return e, nil
}

// own notes whose a bill is, and returns the rules of its exceptions.
func (e *partExceptions) own(b *schema.Bill) []schema.Rule {
	if len(e.bills) == 0 {
		return nil
	}
	hash := billHash(b.AccountID, b.LedgerID)
	if _, named := e.bills[hash]; named {
		e.bills[hash] = b.WalkAccountID
	}
	return e.rules[hash]
}

// count counts the exceptions, and in unit those of each account. It leaves out those of
// bills of accounts that are not reported.
func (e *partExceptions) count(accounts map[schema.AccountID]bool, unit func(schema.AccountID) *tally) exceptions {
	all := make(exceptions)
	for _, x := range e.list {
		account := e.bills[x.bill]
		if !accounts[account] {
			continue
		}
		if account != schema.NoAccount {
			unit(account).addException(x.severity)
		}
		c := all[x.ruleKey]
		if c == nil {
			c = &RuleCount{Rule: x.rule, Severity: x.severity, Examples: []Exception{}}
			all[x.ruleKey] = c
		}
		c.Count++
		if x.example != nil {
			c.Examples = append(c.Examples, *x.example)
		}
	}
	return all
}

func billHash(account, ledger string) uint64 {
	var h maphash.Hash
	h.SetSeed(hashSeed)
	h.WriteString(account)
	h.WriteByte(0)
	h.WriteString(ledger)
	return h.Sum64()
}
