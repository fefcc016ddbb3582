// Package douyin is the client of Douyin's life-service platform: it fetches one
// page of a unit's catering bills (餐饮账单详情查询) at a time, with the token, the
// pace and the repeats that this takes.
//
// The platform reports errors as HTTP 200, so an answer is taken only when it
// carries no error code in either place and decodes as a whole page; everything
// else is an *Error that says how much of a run it ends. The package never
// follows a redirect, never walks pages, never keeps an answer, and never shows
// a token or secret in an error or a log.
//
// One attempt takes this way; there is no other layer that repeats or waits:
//
//	Bills ─▶ retry ─▶ token.get ─▶ pacer.wait ─▶ send ─▶ readBody ─▶ readEnvelope ─▶ DecodePage
//	           ▲                                                  │
//	           └── remedy of the code: repeat, slow down, renew ◀─┘
package douyin
