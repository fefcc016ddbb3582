// Package reconcile compares an order's bills with its settlements and gives each
// group of them a verdict, to the fen. It is pure: the same bills and settlements
// give the same verdicts, in whatever order they come.
//
// # Groups
//
// An order is the forward bills (settle_type 1) with the same key: shop_order_id,
// else ext:order_ext_id. It is compared within a window: the day that is built and
// the lookback before and after it. Each of its settlements counts on one bill_date:
// the latest day of the order's bills that is not after the settlement's own day,
// else the earliest; a settlement without a time counts on the latest. So sums over
// days are right.
//
// A group is the order's bills of one account on one day and, where a settlement
// names their item, of that item. A settlement belongs to the group on its bill_date
// that has its item, else to the one without an item, else to any; of several, to the
// first by account and item. A settlement is one settle_id, or one item of it where
// callbacks name several.
//
// Bills that are not forward or have no order have groups of their own and are never
// compared (NotCompared). So have settlements without a bill, which only callbacks
// report: they are settlement_only whatever their status, on their own day and of no
// account (Unmatched). A coupon that was verified and then undone or refunded within
// an hour stays so, as it never gets a bill.
//
// # Comparison
//
// Bills and settlements agree if there are some of both, no settlement is in flight,
// at least one leg is compared, and no compared leg differs by more than the
// tolerance. A leg is compared if no bill and no successful settlement has NULL
// there. Failed settlements have no amounts: one beside bills and settlements that
// agree is closed with them.
//
// The comparison goes through tiers, the narrowest first. What agrees is closed, bills
// and settlements alike, and the next tier compares what is still open:
//
//	item          each item, over all days and accounts of the window
//	order         each group by itself; then each day, all its accounts and items
//	order_window  all of the window
//	amount        bill by bill: the first bill of an amount with the first
//	              settlement of that amount, the second with the second; a group
//	              matches if each of its bills and settlements has its pair
//
// A matched group may differ by itself where another group has the opposite
// difference. It then has the reason offset_by:DAY/ACCOUNT, with /ITEM if that group
// has one, for each such group, the first five by name. A step of matching is one set
// of a tier that agreed, or one pair. The share of a group in a step is those of its
// bills and settlements that the step joined. Two groups offset each other if both
// their shares of one step differ in some leg that all of the share have. The other
// group need not be matched, and a difference within the tolerance has no such reason
// unless another share differs as well.
//
// # Verdicts on open groups
//
// A group that no tier closed is judged by its own open settlements or, if it has
// none, by those of the whole window. Those in flight count from the whole window in
// any case. In this order:
//
//	no settlement            bill_only, or pending if a query has no answer
//	in flight in the window  pending; with retry_in_flight if another one failed
//	one failed               failed
//	anything else            mismatched, with the legs that differ in the window
//
// A mismatched group is also partly_billed where one settlement is all that is open in
// the window, it succeeded, and it exceeds the open bills in total and in no leg falls
// short: a prepaid order may get further bills. With several settlements the order may
// have been settled twice.
//
// A group that agrees but has another settlement without a bill is mismatched, or
// pending if that settlement is in flight.
//
// A successful settlement that counts on a day before the window stays there. If no
// other came, the group is mismatched and settled with 0; every mismatched group has
// the reason settled_elsewhere. A settlement of a day after the window has no effect.
//
// The cause of a mismatch is looked for among all that is open in the window, in this order:
//
//	double_settlement  the settlements come to twice the bills; or a group agrees but has
//	                   another settlement without a bill
//	sign_conflict      an open forward bill has a negative amount
//	window_edge        the order is settled_elsewhere, or an open bill lies on the first or
//	                   last day of the window
//	leg_only           the totals are equal
//	within_one_yuan    the totals differ by one yuan at most
//	other              anything else
//
// An order without an id to query with on that day, or in a job without a trade app,
// is not_applicable.
package reconcile
