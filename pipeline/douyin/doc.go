// Package douyin is the client of Douyin's platform: it fetches one page of a
// unit's catering bills (餐饮账单详情查询), or how one order was shared out
// (查询分账), at a time, with the token, the pace and the repeats that this takes.
//
// The platform reports errors as HTTP 200, so an answer is taken only when it
// carries no error code in either place and decodes as a whole; everything else
// is an *Error that says how much of a run it ends. The package never follows a
// redirect, never walks pages, never keeps an answer, and never shows a token or
// secret in an error or a log. Several processes may share an app's token through
// a TokenCache.
//
// One attempt takes this way; there is no other layer that repeats or waits:
//
//	Bills, Settlements ─▶ retry ─▶ token.get ─▶ circuit ─▶ pacer ─▶ send ─▶ exchange ─▶ decode ─▶ judge
//	                        ▲                                                            │
//	                        └─ budget ◀─ remedy of the code: repeat, slow down, renew ◀──┘
package douyin
