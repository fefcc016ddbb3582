package sandbox

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"slices"
	"strings"
)

// field is one member of an object.
type field struct {
	name  string
	value any
}

// object is a JSON object whose members keep their order.
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

// callbackBody returns the callback of version 2.0, with its fields rotated.
func (w *world) callbackBody(s *settlement, rotation int) []byte {
	return compact(rotated(object{{"version", "2.0"}, {"msg", string(compact(rotated(w.message(s), rotation)))}, {"type", "settle"}}, rotation))
}

// message returns the message of a callback with the field names of version 2.0.
func (w *world) message(s *settlement) object {
	return append(object{
		{"app_id", w.appID()}, {"status", s.status}, {"order_id", s.orderID}, {"cp_extra", s.style().cpExtra}, {"message", s.message()},
		{"event_time", s.time}, {"settle_id", s.settleID}, {"out_settle_no", s.outSettleNo},
	}, s.amounts()...)
}

// rotated returns the fields, beginning with the nth.
func rotated(o object, n int) object {
	n %= len(o)
	return slices.Concat(o[n:], o[:n])
}

// amounts returns the fields that both kinds of callbacks have. They leave out the
// amounts that the settle query leaves out.
func (s *settlement) amounts() object {
	out := object{{"settle_detail", s.detail("callback detail")}, {"settle_amount", s.fen[legTotal]}, {"is_auto_settle", s.auto()}}
	if s.shown[legFee] {
		out = append(out, field{"rake", s.fen[legFee]})
	}
	if s.shown[legCommission] {
		out = append(out, field{"commission", s.fen[legCommission]})
	}
	if s.item != "" || s.variant%5 == 0 {
		out = append(out, field{"item_order_id", s.item})
	}
	return out
}

// legacyBody returns a callback of 担保支付, signed with the token. Its message has the
// field names of either version, as the documents say that only the signature differs.
func (w *world) legacyBody(s *settlement, token, timestamp, nonce string) []byte {
	return legacyEnvelope(w.legacyMessage(s), token, timestamp, nonce)
}

// legacyEnvelope signs a message as 担保支付 does. more is written before it.
func legacyEnvelope(message object, token, timestamp, nonce string, more ...field) []byte {
	msg := string(compact(message))
	return compact(append(object(more),
		field{"timestamp", timestamp}, field{"nonce", nonce}, field{"msg", msg}, field{"type", "settle"}, field{"msg_signature", legacySignature(token, timestamp, nonce, msg)}))
}

func (w *world) legacyMessage(s *settlement) object {
	if s.variant%7 < 3 {
		return w.message(s)
	}
	message := object{{"appid", w.appID()}, {"cp_settle_no", s.outSettleNo}}
	if s.variant%2 == 0 {
		message[0].name = "app_id"
	}
	switch {
	case s.auto() && s.variant%3 == 0: // cp_settle_no is the same
	case s.variant%5 == 0:
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

// legacySignature returns the signature of 担保支付: SHA-1, in hex, of the parts that
// are not empty, sorted and joined.
func legacySignature(parts ...string) string {
	parts = slices.DeleteFunc(parts, func(part string) bool { return part == "" })
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}
