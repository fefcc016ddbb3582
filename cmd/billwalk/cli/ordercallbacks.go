package cli

import (
	"context"
	"maps"
	"slices"

	"billwalk/pipeline/evidence"
	"billwalk/schema"
	"billwalk/sinks/archive"
)

// callbackUses says in words what became of a callback.
var callbackUses = map[callbackUse]schema.Bilingual{
	useCounts:     {English: "counts: the query did not report this settlement", Chinese: "采用：查询没有返回该分账"},
	useWithQuery:  {English: "the query reports the settlement, too", Chinese: "查询也返回该分账"},
	useOverruled:  {English: "overruled: the query says otherwise, and wins", Chinese: "未采用：与查询不一致，以查询为准"},
	useNotYet:     {English: "not yet in a published day: the next run takes it in", Chinese: "尚未计入已发布的日子，下次运行时计入"},
	useSuperseded: {English: "superseded by a later callback of the settlement", Chinese: "已被该分账的后一条回调取代"},
	useRepeated:   {English: "delivered again", Chinese: "重复送达"},
	useForeign:    {English: "of another mini-program: it does not count", Chinese: "属于其他小程序，不计"},
}

// readCallbacks reads what callbacks say of the order. They may have come at any time
// since its bills.
func (s *orderStory) readCallbacks(ctx context.Context, f *orderFinder, today schema.Day) error {
	settled := make(map[string]bool)
	for _, row := range s.Settlements {
		settled[row.SettleID] = true
	}
	ids := slices.Concat(slices.Collect(maps.Keys(f.ids)), slices.Collect(maps.Keys(settled)))
	found, damaged, err := evidence.CallbacksOf(ctx, archive.New(f.store), s.From, today, f.file.AppIDs(), ids, func(c *schema.Settlement) bool {
		return settled[c.SettleID] || f.has(c.SettleID, c.OrderID.V, c.OutOrderNo.V, c.ItemOrderID.V)
	})
	if damaged != nil {
		f.run.Log.Warn("callbacks in the archive cannot be read", "error", damaged)
	}
	for _, c := range found {
		s.Callbacks = append(s.Callbacks, storyCallback{
			ReceivedAt: c.Settlement.FetchedAt, SettleID: c.Settlement.SettleID, Item: c.Settlement.ItemOrderID.V, Status: c.Settlement.Status,
			App: c.App, AppID: c.Settlement.AppID.V, Account: s.accountOf(c.Settlement.ItemOrderID.V),
			storyLegs: storyLegs{known(c.Settlement.Amount), known(c.Settlement.Rake), known(c.Settlement.Commission), known(c.Settlement.SharesTotal)},
			Time:      known(c.Settlement.SettleTime), Use: s.useOf(&c), LogID: c.Settlement.LogID.V,
		})
	}
	return err
}

// accountOf returns the account whose bills the order, or the item of it, has.
func (s *orderStory) accountOf(item string) (account schema.AccountID) {
	for _, b := range s.Bills {
		if item != "" && b.Item != "" && b.Item != item {
			continue
		}
		if account != "" && account != b.Account {
			return ""
		}
		account = b.Account
	}
	return account
}

// useOf returns what became of a callback in the published settlements.
func (s *orderStory) useOf(c *evidence.Delivered) callbackUse {
	if c.Standing != evidence.Latest {
		return callbackUse(c.Standing)
	}
	for _, e := range s.Exceptions {
		if e.Rule == schema.RuleCallbackContradicts && e.Settle == c.Settlement.SettleID {
			return useOverruled
		}
	}
	for _, row := range s.Settlements {
		if row.SettleID != c.Settlement.SettleID || row.Item != "" && c.Settlement.ItemOrderID.Valid && row.Item != c.Settlement.ItemOrderID.V {
			continue
		}
		switch row.Source {
		case schema.SourceCallback:
			return useCounts
		case schema.SourceBoth:
			return useWithQuery
		}
	}
	return useNotYet
}
