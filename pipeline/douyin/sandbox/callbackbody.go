package sandbox

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"slices"
	"strings"
)

// field is a member of a JSON object whose members have an order.
type field struct {
	name  string
	value any
}

type object []field

// MarshalJSON writes the members in their order.
func (o object) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, f := range o {
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(compact(f.name))
		out.WriteByte(':')
		out.Write(compact(f.value))
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// callbackBody writes the callback of version 2.0. The turn decides the order of
// its fields, and nothing else.
func (w *world) callbackBody(s *settlement, turn int) []byte {
	message := object{
		{"app_id", w.appID()}, {"status", s.status}, {"order_id", s.orderID}, {"cp_extra", s.style().cpExtra}, {"message", s.message()},
		{"event_time", s.time}, {"settle_id", s.settleID}, {"out_settle_no", s.outSettleNo},
	}
	message = append(message, s.amounts()...)
	return compact(turned(object{{"version", "2.0"}, {"msg", string(compact(turned(message, turn)))}, {"type", "settle"}}, turn))
}

// turned returns the fields with another one first.
func turned(o object, times int) object {
	times %= len(o)
	return slices.Concat(o[times:], o[:times])
}

// amounts returns the fields that callbacks of both kinds have. What the settle
// query withholds they withhold, too.
func (s *settlement) amounts() object {
	out := object{{"settle_detail", s.detail("callback detail")}, {"settle_amount", s.fen[legTotal]}, {"is_auto_settle", s.auto()}}
	if s.told[legFee] {
		out = append(out, field{"rake", s.fen[legFee]})
	}
	if s.told[legCommission] {
		out = append(out, field{"commission", s.fen[legCommission]})
	}
	if s.item != "" || s.look%5 == 0 {
		out = append(out, field{"item_order_id", s.item})
	}
	return out
}

// legacyBody writes the callback as 担保支付 did, signed with the token.
func (w *world) legacyBody(s *settlement, token, timestamp, nonce string) []byte {
	message := object{{"appid", w.appID()}, {"cp_settle_no", s.outSettleNo}}
	if s.look%2 == 0 {
		message[0].name = "app_id"
	}
	switch {
	case s.auto() && s.look%3 == 0: // cp_settle_no tells it
	case s.look%5 == 0:
		message = append(message, field{"channel_settle_id", s.settleID})
	default:
		message = append(message, field{"settle_no", s.settleID})
	}
	message = append(message, object{
		{"cp_extra", s.style().cpExtra}, {"status", s.status}, {"settled_at", s.time / 1000}, {"message", s.message()}, {"out_order_no", s.outOrderNo},
	}...)
	if s.orderID != "" {
		message = append(message, field{"order_id", bareNumber(s.orderID)})
	}
	msg := string(compact(append(message, s.amounts()...)))
	return compact(object{
		{"timestamp", timestamp}, {"nonce", nonce}, {"msg", msg}, {"type", "settle"}, {"msg_signature", legacySignature(token, timestamp, nonce, msg)},
	})
}

// legacySignature is the signature of 担保支付: SHA-1, in hex, of what is not
// empty, sorted.
func legacySignature(parts ...string) string {
	parts = slices.DeleteFunc(parts, func(part string) bool { return part == "" })
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}
