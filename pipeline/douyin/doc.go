// Package douyin is the client of Douyin's platform. A call fetches one page of a
// unit's catering bills (餐饮账单详情查询), or the settlements of one order (查询分账);
// the client manages the token, the rate limit and the retries.
//
// The platform reports errors as HTTP 200, so an answer is accepted only if it has no
// error code in any place and decodes completely. Anything else is an *Error that says
// how much of a run it ends. The package never follows a redirect, never walks pages,
// never stores an answer, and never shows a token or secret in an error or a log.
// Several processes may share an app's token through a TokenCache.
//
// Every attempt passes these steps; no other layer retries or waits:
//
//	Bills, Settlements ─▶ retry ─▶ token.get ─▶ circuit ─▶ pacer ─▶ send ─▶ exchange ─▶ decode ─▶ judge
//	                        ▲                                                            │
//	                        └─ budget ◀─ remedy of the code: repeat, slow down, renew ◀──┘
package douyin
