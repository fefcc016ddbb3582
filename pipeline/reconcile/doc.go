// Package reconcile holds an order's bills against its settlements and says of
// every group of them what agrees, to the fen. It is pure: the same bills and
// settlements give the same verdicts, in whatever order they come.
//
// # What belongs together
//
// An order is the forward bills (settle_type 1) of one key: shop_order_id, else
// ext:order_ext_id. It is looked at over a window, the day that is built and
// the lookback before and after it. Its settlements each get one bill_date: the
// latest day of the order's bills that is not after the settlement's own, else
// the earliest; without a time, the latest. So sums over days are right.
//
// A group is the order's bills of one account on one day and, where some
// settlement names their item, of that item. A settlement belongs to the group
// on its bill_date that has its item, else to the one without item, else to
// any; of several, to the first by account and item. It is one settle_id, or one
// item of it where callbacks name several.
//
// Bills that are not forward, or have no order, are groups of their own: they
// are told, and never compared (Apart). So are settlements of which callbacks
// told and that no bill explains, each on its own day and of no account: they
// are settlement_only, whatever their status (Unexplained). What was verified
// and undone or refunded within an hour stays so: it has no bill, ever.
//
// # What is compared
//
// Bills and settlements agree when there are some of both, none of the
// settlements is under way, at least one leg is compared, and none of those
// compared differs by more than the tolerance. A leg is compared if no bill and
// no successful settlement has it NULL. Failed settlements have no amounts: a
// failed try beside those that agree is settled with them.
//
// It is tried in tiers, the narrowest first, each with what the ones before it
// left open. What agrees is closed, bills and settlements both:
//
//	item          each item, over all days and accounts of the window
//	order         each group by itself; then each day, all its accounts and items
//	order_window  all of the window
//	amount        bill by bill: the first bill of an amount with the first
//	              settlement of it, the second with the second; a group
//	              matches if each of its bills and settlements has its pair
//
// A matched group may differ by itself: what one has too much another has too
// little. It has the reason offset_by:DAY/ACCOUNT, and /ITEM if that has one, for
// each group that takes something back, the first five by that name. A step of matching is one set of a tier that
// agreed, or one pair, of open groups, too; a group's share of it is those of its
// bills and of its settlements that the step has joined. Where two shares of a step
// differ, each in some leg that all of the share have, one takes the other back. The
// other group need not be matched, and what is within the tolerance has no such
// reason unless another share differs as well.
//
// # What is left
//
// A group that no tier closed is judged by its own open settlements or, having
// none, by those of the whole order: none at all is bill_only (pending, if not
// everything was asked), one under way anywhere in the order is pending (beside a
// failed one with the reason retry_in_flight), a failed one is failed, and anything
// else is mismatched, with the legs that differ. It is partly_billed, too, where one
// settlement is all that is open in the window, and it succeeded and comes to more than
// the open bills, in total and in no leg to less: as of a prepaid order of which further
// bills may come. Where there are several, the order may have been shared out twice.
// A group that agrees but has another settlement, one that no bill explains, does
// not agree after all: it is mismatched or, that one being under way, pending.
// A settlement that succeeded and counts on a day before the window stays there and
// is no money of this day's: where nothing else came, the group is mismatched and
// settled with 0 here, and whatever mismatched group there is has the reason
// settled_elsewhere. A settlement of a day after the window has no effect.
// An order without an id to ask with on that day, or in a job without a trade
// app, is not_applicable.
package reconcile
