package receive

import "billwalk/schema"

// Hints for the log on what to do about a refusal. The sender does not get them.
const (
	hintNoToken = "请求体没有 version \"2.0\"，是担保支付订单的老签名：请在 jobs.yaml 为该应用配置 legacy_token; " +
		"the body has no version \"2.0\", so it is signed the old way (担保支付): configure the app's legacy_token in jobs.yaml"
	hintKey = "或许 public_keys 里是应用自己的公钥（应用公钥），请换成控制台上的平台公钥；公钥无误，则或许是代理、网关改写了请求体，请逐字节原样转发; " +
		"public_keys may hold the app's own key (应用公钥): take the platform's (平台公钥) of the console; if that is there, a proxy may rewrite the body: have it forwarded byte for byte"
	hintBody = "这些公钥验过别的回调，所以或许是代理、网关改写了请求体，请逐字节原样转发；平台若换了公钥，请补上新的平台公钥，不要用应用自己的公钥（应用公钥）; " +
		"these keys have verified other callbacks, so a proxy may rewrite the body: have it forwarded byte for byte; if the platform has a new key (平台公钥), add that, and not the app's own (应用公钥)"
	hintToken = "或许 legacy_token 不是订单支付时“支付设置”中的 Token；Token 无误，则或许是代理、网关改写了请求体，请逐字节原样转发; " +
		"legacy_token may not be the Token (支付设置) that was set when the order was paid; if it is, a proxy may rewrite the body: have it forwarded byte for byte"
)

// wrongSignature returns the refusal of a signature that no key verifies. The log gets
// the names of the keys that were tried and the two usual causes, the likelier one first.
func (a *app) wrongSignature(c *schema.Callback) *refusal {
	if c.Scheme == schema.SignedLegacy {
		return errWrong.with("keys", "legacy_token", "body_bytes", len(c.Body), "hint", hintToken)
	}
	var names []string
	for _, key := range a.keys.current() {
		names = append(names, key.name)
	}
	hint := hintKey
	if a.keys.last.Load() != nil {
		hint = hintBody
	}
	return errWrong.with("keys", names, "body_bytes", len(c.Body), "hint", hint)
}
