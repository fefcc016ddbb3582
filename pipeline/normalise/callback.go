package normalise

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"billwalk/pipeline/mend"
	"billwalk/schema"
)

// Notice is a settle callback (通知分账结果) as the tables have it.
type Notice struct {
	SettleRow
	Day    schema.Day        // of the event; of the receipt where the event's time cannot be read
	Digest [sha256.Size]byte // of what it says: equal for repeated deliveries
}

// mostCallback is how long a callback's body may be, in bytes.
const mostCallback = 64 << 10

// DecodeCallback reads a verified callback. It takes one only whole: another
// version than its signature is of, another type, a missing settle_id or status, an amount
// that is no whole number of fen, a key that is repeated or written in other
// case, or an id that is not valid text is an error.
func DecodeCallback(c *schema.Callback) (Notice, error) {
	msg, r, err := read(c)
	if err != nil {
		return Notice{}, err
	}
	n := Notice{SettleRow: SettleRow{Settlement: r.settlement()}, Day: schema.DayOf(c.ReceivedAt)}
	s := &n.Settlement
	s.FetchedAt, s.LogID = c.ReceivedAt, given(schema.Some(c.LogID))
	check := settleChecker{(*findings)(&n.Exceptions), &n.SettleRow}
	check.texts(r.badText, msg)
	check.status()
	check.ids()
	at := r.at()
	check.time(at)
	if s.SettleTime.Valid {
		n.Day = schema.DayOf(s.SettleTime.V)
	} else if at.value == 0 {
		e := check.report(schema.RuleSettleTime, "%s is missing; the callback is taken to be of the day of its receipt", at.name)
		e.Severity = schema.SeverityWarning // the settlement itself is not in doubt
	}
	check.amounts()
	check.shares()
	n.describe(msg, c.Key)
	canonical := msg.Clone()
	err = canonical.Format(canonically...) // never an error, for it was decoded
	n.Digest = sha256.Sum256(canonical)
	return n, err
}

// CheckCallback returns the error that DecodeCallback has of the callback, or that it
// is none of the apps', and works nothing else out: a receiver asks it once for every
// request. The platform documents that version 2.0 always has an app_id; where apps are
// given, it has to be there.
func CheckCallback(c *schema.Callback, apps schema.AppIDs) error {
	_, r, err := read(c)
	switch {
	case err != nil:
		return err
	case apps != nil && r.AppID.V == "" && c.Scheme == schema.SignedRSA:
		return unreadable{"it has no app_id, which version 2.0 always has", errors.New("app_id is missing")}
	}
	if err := apps.Check(r.AppID.V); err != nil {
		return unreadable{"its app_id is none of the app's: if it is the app's own, put it into app_ids in jobs.yaml", err}
	}
	return nil
}

// unreadable is why a callback cannot be read. Its reason has nothing of the
// callback, so that it may be logged.
type unreadable struct {
	reason string
	error
}

func (u unreadable) Reason() string { return u.reason }
func (u unreadable) Unwrap() error  { return u.error }

// notDocumented is the error of a JSON text that is not what it should be.
func notDocumented(what string, err error) error {
	reason := what + " has other members or values than documented"
	if fault, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		reason = fmt.Sprintf("%s is not sound JSON: see its byte %d", what, fault.ByteOffset)
	}
	return unreadable{reason, err}
}

// read is the part of DecodeCallback that can fail.
func read(c *schema.Callback) (msg jsontext.Value, r result, err error) {
	if msg, err = message(c); err != nil {
		return nil, r, fmt.Errorf("callback is not what the platform documents: %w", err)
	}
	if r, err = decodeResult(msg); err != nil {
		return nil, r, fmt.Errorf("callback's msg is not what the platform documents: %w", err)
	}
	return msg, r, nil
}

// message returns the callback's msg, a JSON text by itself. The signature that the
// platform has chosen and the body's version must agree.
func message(c *schema.Callback) (jsontext.Value, error) {
	if len(c.Body) > mostCallback {
		return nil, unreadable{"the body is too long", fmt.Errorf("it has %d bytes: at most %d are read", len(c.Body), mostCallback)}
	}
	body, _, err := members[struct {
		Version text           `json:"version"`
		Type    text           `json:"type"`
		Msg     jsontext.Value `json:"msg"`
	}](trimmed(c.Body))
	known := c.Scheme == schema.SignedRSA || c.Scheme == schema.SignedLegacy
	switch {
	case !known:
		return nil, unreadable{"its signature scheme is unknown", fmt.Errorf("signature scheme %q is unknown", c.Scheme)}
	case err != nil:
		return nil, notDocumented("the body", err)
	case (body.Version.V == "2.0") != (c.Scheme == schema.SignedRSA):
		return nil, unreadable{"its version is not that of its signature", fmt.Errorf("version is %.40q, and the signature is %s", body.Version.V, c.Scheme)}
	case body.Type.V != "settle":
		return nil, unreadable{"its type is not settle", fmt.Errorf("type is %.40q, not settle", body.Type.V)}
	case len(body.Msg) == 0 || body.Msg.Kind() == jsontext.KindNull:
		return nil, unreadable{"msg is missing", errors.New("msg is missing")}
	case body.Msg.Kind() != jsontext.KindString:
		return nil, notDocumented("the body", errors.New("msg is not text"))
	}
	msg, err := mend.Unquote(body.Msg)
	return trimmed(msg), err
}

// result is the msg of a settle callback as the API writes it. For orders of
// 担保支付, the system before, only the signature is said to differ; but real
// messages have names of their own, too. Both are read, whatever the signature, and
// the current name counts where it has a value: it is the one that the settle
// query knows. What is not named here stays in the archive alone.
type result struct {
	AppID        text    `json:"app_id"`
	Status       text    `json:"status"`
	OrderID      text    `json:"order_id"`
	OutOrderNo   text    `json:"out_order_no"`
	ItemOrderID  text    `json:"item_order_id"`
	SettleID     text    `json:"settle_id"`
	OutSettleNo  text    `json:"out_settle_no"`
	SettleAmount integer `json:"settle_amount"`
	Rake         integer `json:"rake"`
	Commission   integer `json:"commission"`
	SettleDetail display `json:"settle_detail"`
	EventTime    integer `json:"event_time"`
	CpExtra      display `json:"cp_extra"`
	Message      display `json:"message"`
	IsAutoSettle *bool   `json:"is_auto_settle"`

	OldAppID        text    `json:"appid"`
	SettleNo        text    `json:"settle_no"`
	ChannelSettleID text    `json:"channel_settle_id"`
	CpSettleNo      text    `json:"cp_settle_no"`
	SettledAt       integer `json:"settled_at"`

	otherTypes

	badText bool // some of the msg's text is not valid, and is mended
}

// otherTypes are ids that only callbacks of other types have: of refunds, payments and
// withdrawals. The old signature does not cover the type, so that it alone proves nothing.
type otherTypes struct {
	RefundID       jsontext.Value `json:"refund_id"`
	OutRefundNo    jsontext.Value `json:"out_refund_no"`
	RefundNo       jsontext.Value `json:"refund_no"`
	CpRefundNo     jsontext.Value `json:"cp_refundno"`
	ChannelPayID   jsontext.Value `json:"channel_pay_id"`
	PaymentOrderNo jsontext.Value `json:"payment_order_no"`
	WithdrawID     jsontext.Value `json:"withdraw_id"`
	OutWithdrawNo  jsontext.Value `json:"out_withdraw_no"`
}

// any says that one of them has a value.
func (o *otherTypes) any() bool {
	for _, id := range []jsontext.Value{
		o.RefundID, o.OutRefundNo, o.RefundNo, o.CpRefundNo, o.ChannelPayID, o.PaymentOrderNo, o.WithdrawID, o.OutWithdrawNo,
	} {
		if len(id) > 0 && id.Kind() != jsontext.KindNull && string(id) != `""` {
			return true
		}
	}
	return false
}

// decodeResult reads a msg, and makes sure of what every settlement must have. Some
// old ones have no other id of it than the developer's.
func decodeResult(msg []byte) (result, error) {
	r, badText, err := members[result](msg)
	if err != nil {
		return r, notDocumented("msg", err)
	}
	r.badText = badText
	r.AppID = firstOf(r.AppID, r.OldAppID)
	r.SettleID = firstOf(r.SettleID, r.SettleNo, r.ChannelSettleID, r.CpSettleNo)
	r.OutSettleNo = firstOf(r.OutSettleNo, r.CpSettleNo)
	switch {
	case r.otherTypes.any():
		return r, unreadable{"msg has the id of another type of callback", errors.New("it has the id of a refund, a payment or a withdrawal")}
	case r.SettleID.V == "":
		return r, unreadable{"msg has no id of a settlement", fmt.Errorf("settle_id is missing (order_id %s)", r.OrderID.V)}
	case r.Status.V == "":
		return r, unreadable{"msg has no status", fmt.Errorf("status is missing (settle_id %s)", r.SettleID.V)}
	}
	return r, nil
}

// at returns when it happened.
func (r *result) at() instant {
	if r.EventTime.V == 0 && r.SettledAt.V != 0 {
		return instant{"settled_at", r.SettledAt.V, time.Second}
	}
	return instant{"event_time", r.EventTime.V, time.Millisecond}
}

// firstOf returns the first of the ids that is there.
func firstOf(ids ...text) text {
	for _, id := range ids {
		if id.V != "" {
			return id
		}
	}
	return text{}
}

// settlement copies the msg's fields.
func (r *result) settlement() schema.Settlement {
	s := schema.Settlement{
		SettleID: r.SettleID.V, OrderID: given(r.OrderID.Null), OutSettleNo: given(r.OutSettleNo.Null),
		OutOrderNo: given(r.OutOrderNo.Null), ItemOrderID: given(r.ItemOrderID.Null), Status: schema.Status(r.Status.V),
		Amount: r.SettleAmount.fen(), Rake: r.Rake.fen(), Commission: r.Commission.fen(),
		Detail: r.SettleDetail.Null, Message: r.Message.Null, CpExtra: r.CpExtra.Null,
		Source: schema.SourceCallback, AppID: given(r.AppID.Null),
	}
	if r.IsAutoSettle != nil {
		s.IsAutoSettle = schema.Some(*r.IsAutoSettle)
	}
	return s
}

// members reads a JSON object of which T names the members that are known, as decodeJSON
// does. A name that differs from a known one in its case alone is an error: its value
// was meant to be read.
func members[T any](object []byte) (known T, badText bool, err error) {
	var all struct {
		Known   T              `json:",embed"`
		Unknown jsontext.Value `json:",embed"`
	}
	if badText, err = decodeJSON(object, &all); err != nil || all.Unknown == nil {
		return all.Known, badText, err
	}
	var unknown map[string]jsontext.Value
	if _, err := decodeJSON(all.Unknown, &unknown); err != nil {
		return all.Known, badText, err
	}
	for _, name := range slices.Sorted(maps.Keys(unknown)) {
		for _, field := range reflect.VisibleFields(reflect.TypeFor[T]()) {
			if known := field.Tag.Get("json"); strings.EqualFold(name, known) && name != "" {
				return all.Known, badText, fmt.Errorf("key %.40q is %s in another case", name, known)
			}
		}
	}
	return all.Known, badText, nil
}

// trimmed leaves out what may stand before a JSON text without being part of it: a
// byte order mark.
func trimmed(json []byte) []byte { return bytes.TrimPrefix(json, mend.BOM) }
