// Package notified says what the callbacks of a settlement come to, and how that
// goes with what the settle query answered. It is pure.
//
// Callbacks come late, repeatedly, in any order, or not at all. What they say of
// one (settle_id, item_order_id) is one state: that of the latest event; of one
// moment, success before failure before anything else; after that the content
// decides, so that the state is the same in whatever order they come and however
// often. Two contents for one moment and outcome are told as callback_conflict.
//
// The query wins wherever it and a callback contradict each other, which is told
// as callback_contradicts. A callback is news, and no contradiction, where the
// query had seen nothing final and was asked before the event. What the query
// leaves out is taken from the callback, but for amounts: a row's are all of one
// telling.
//
// Callbacks that name several items of one settlement tell of its parts. Where
// those add up to the whole, as the query or a callback without item tells it,
// each is a row; else the whole is.
package notified
