package report

import (
	"context"
	"iter"

	"billwalk/schema"
)

// Lists are the rows that a Report counts and its workbook has in full, in the order of the
// lake. A row may be filled anew for the next one.
type Lists struct {
	Exceptions   iter.Seq2[ListedException, error]
	Restatements iter.Seq2[ListedRestatement, error]
}

// ListedException is an exception of a day.
type ListedException struct {
	Day     schema.Day
	Account schema.AccountID // the configured one that has the bill; empty if no bill is named
	LogID   string           // of the answer that has the bill
	*schema.Exception
}

// ListedRestatement is a changed bill of a day.
type ListedRestatement struct {
	Day schema.Day
	*schema.Restatement
}

// ReadLists reads the rows that Load counts with the same options, each time they are ranged
// over. It takes memory for the exceptions' bills of one (day, bucket).
func ReadLists(ctx context.Context, lake Lake, o Options) Lists {
	return Lists{
		Exceptions: overParts(ctx, lake, o, func(l *loader, p part, yield func(ListedException, error) bool) bool {
			return l.listExceptions(ctx, p, yield)
		}),
		Restatements: overParts(ctx, lake, o, func(l *loader, p part, yield func(ListedRestatement, error) bool) bool {
			for r, err := range rows[schema.Restatement](ctx, l, &schema.Restatements, p) {
				if err != nil || l.accounts[r.WalkAccountID] {
					if !yield(ListedRestatement{p.day, r}, err) || err != nil {
						return false
					}
				}
			}
			return true
		}),
	}
}

// overParts yields what list finds in each part, until it returns false.
func overParts[R any](ctx context.Context, lake Lake, o Options, list func(*loader, part, func(R, error) bool) bool) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		l := newLoader(lake, o)
		if err := l.readBases(ctx); err != nil {
			var none R
			yield(none, err)
			return
		}
		for _, p := range l.parts {
			if !list(l, p, yield) {
				return
			}
		}
	}
}

// billOwner says where a bill is from.
type billOwner struct {
	account schema.AccountID
	logID   string
}

// listExceptions yields the exceptions of a part, those of bills with who has the bill. It
// leaves out those of bills of accounts that are not reported.
func (l *loader) listExceptions(ctx context.Context, p part, yield func(ListedException, error) bool) bool {
	owners, err := l.billOwners(ctx, p)
	if err != nil {
		return yield(ListedException{}, err) && false
	}
	for x, err := range rows[schema.Exception](ctx, l, &schema.Exceptions, p, append(exceptionColumns, "archive_key")...) {
		if err != nil {
			return yield(ListedException{}, err) && false
		}
		var owner billOwner
		if x.LedgerID.Valid {
			owner = owners[billHash(x.AccountID.V, x.LedgerID.V)]
		}
		if l.accounts[owner.account] && !yield(ListedException{p.day, owner.account, owner.logID, x}, nil) {
			return false
		}
	}
	return true
}

// billOwners finds the bills that exceptions of a part name, by their hash.
func (l *loader) billOwners(ctx context.Context, p part) (map[uint64]billOwner, error) {
	owners := make(map[uint64]billOwner)
	for x, err := range rows[schema.Exception](ctx, l, &schema.Exceptions, p, "account_id", "ledger_id") {
		if err != nil {
			return nil, err
		}
		if x.LedgerID.Valid {
			owners[billHash(x.AccountID.V, x.LedgerID.V)] = billOwner{}
		}
	}
	if len(owners) == 0 {
		return owners, nil
	}
	logIDs := make(map[string]string) // one for all bills of an answer
	for b, err := range rows[schema.Bill](ctx, l, &schema.Bills, p, "account_id", "ledger_id", "walk_account_id", "logid") {
		if err != nil {
			return nil, err
		}
		hash := billHash(b.AccountID, b.LedgerID)
		if _, named := owners[hash]; !named {
			continue
		}
		if _, known := logIDs[b.LogID.V]; !known {
			logIDs[b.LogID.V] = b.LogID.V
		}
		owners[hash] = billOwner{b.WalkAccountID, logIDs[b.LogID.V]}
	}
	return owners, nil
}
