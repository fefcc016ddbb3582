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
	return compact(turned(object{{"version", "2.0"}, {"msg", string(compact(turned(w.message(s), turn)))}, {"type", "settle"}}, turn))
}

// message returns what a callback says in the names of version 2.0.
func (w *world) message(s *settlement) object {
	return append(object{
		{"app_id", w.appID()}, {"status", s.status}, {"order_id", s.orderID}, {"cp_extra", s.style().cpExtra}, {"message", s.message()},
		{"event_time", s.time}, {"settle_id", s.settleID}, {"out_settle_no", s.outSettleNo},
	}, s.amounts()...)
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

// legacyBody writes the callback as 担保支付 did, signed with the token. What it says has
// the names of either version: the documents say that only the signature differs.
func (w *world) legacyBody(s *settlement, token, timestamp, nonce string) []byte {
	return legacyEnvelope(w.legacyMessage(s), token, timestamp, nonce)
}

// legacyEnvelope writes and signs a message as 担保支付 did; more goes before it.
func legacyEnvelope(message object, token, timestamp, nonce string, more ...field) []byte {
	msg := string(compact(message))
	return compact(append(object(more),
		field{"timestamp", timestamp}, field{"nonce", nonce}, field{"msg", msg}, field{"type", "settle"}, field{"msg_signature", legacySignature(token, timestamp, nonce, msg)}))
}

func (w *world) legacyMessage(s *settlement) object {
	if s.look%7 < 3 {
		return w.message(s)
	}
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
	return append(message, s.amounts()...)
}

// legacySignature is the signature of 担保支付: SHA-1, in hex, of what is not
// empty, sorted.
func legacySignature(parts ...string) string {
	parts = slices.DeleteFunc(parts, func(part string) bool { return part == "" })
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}
