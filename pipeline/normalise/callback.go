package normalise

import (
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

// Callback is the row of a settle callback (通知分账结果).
type Callback struct {
	SettleRow
	Day    schema.Day        // of the event, else of the receipt if the event has no readable time
	Digest [sha256.Size]byte // hash of the content: equal for repeated deliveries
}

// maxCallback is the maximum length of a callback's body, in bytes.
const maxCallback = 64 << 10

// DecodeCallback decodes a verified callback. It is an error if its version is not that of
// its signature, its type is not settle, settle_id or status is missing, an amount is not a
// whole number of fen, a key is repeated or in another case, or an id is not valid text.
func DecodeCallback(c *schema.Callback) (Callback, error) {
	msg, r, err := decodeCallback(c)
	if err != nil {
		return Callback{}, err
	}
	n := Callback{SettleRow: SettleRow{Settlement: r.settlement()}, Day: schema.DayOf(c.ReceivedAt)}
	s := &n.Settlement
	s.FetchedAt, s.LogID = c.ReceivedAt, nonEmpty(schema.Some(c.LogID))
	check := settleChecker{(*findings)(&n.Exceptions), &n.SettleRow}
	check.texts(r.badText, msg)
	check.status()
	check.ids()
	at := r.time()
	check.time(at)
	if s.SettleTime.Valid {
		n.Day = schema.DayOf(s.SettleTime.V)
	} else if at.value == 0 {
		e := check.report(schema.RuleSettleTime, "%s is missing; the callback is taken to be of the day of its receipt", at.name)
		e.Severity = schema.SeverityWarning // the settlement itself is not in doubt
	}
	check.amounts()
	check.shares(nil)
	n.describe(msg, c.Key)
	canonical := msg.Clone()
	err = canonical.Format(canonically...) // no error, as it was decoded before
	n.Digest = sha256.Sum256(canonical)
	return n, err
}

// CheckCallback returns the error of DecodeCallback, or an error if the callback is not of
// one of the apps, without computing a row: a receiver calls it for every request. If apps
// are given, a callback of version 2.0 must have an app_id, as the platform documents.
func CheckCallback(c *schema.Callback, apps schema.AppIDs) error {
	_, r, err := decodeCallback(c)
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

// unreadable is the error of a callback that cannot be decoded. Its reason has nothing of
// the callback and may be logged.
type unreadable struct {
	reason string
	error
}

// Reason returns the error without any content of the callback.
func (u unreadable) Reason() string { return u.reason }

// Unwrap returns the error with its details.
func (u unreadable) Unwrap() error { return u.error }

// notDocumented returns the error of a JSON text with another form than documented.
func notDocumented(what string, err error) error {
	reason := what + " has other members or values than documented"
	if fault, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		reason = fmt.Sprintf("%s is not sound JSON: see its byte %d", what, fault.ByteOffset)
	}
	return unreadable{reason, err}
}

// decodeCallback returns the msg of a callback, and its members.
func decodeCallback(c *schema.Callback) (msg jsontext.Value, r result, err error) {
	if msg, err = callbackMsg(c); err != nil {
		return nil, r, fmt.Errorf("callback is not what the platform documents: %w", err)
	}
	if r, err = decodeResult(msg); err != nil {
		return nil, r, fmt.Errorf("callback's msg is not what the platform documents: %w", err)
	}
	return msg, r, nil
}

// callbackMsg returns the callback's msg, which is JSON in a string. The version in the body
// must be that of the signature.
func callbackMsg(c *schema.Callback) (jsontext.Value, error) {
	if len(c.Body) > maxCallback {
		return nil, unreadable{"the body is too long", fmt.Errorf("it has %d bytes: at most %d are read", len(c.Body), maxCallback)}
	}
	body, _, err := decodeMembers[struct {
		Version text           `json:"version"`
		Type    text           `json:"type"`
		Msg     jsontext.Value `json:"msg"`
	}](trimBOM(c.Body))
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
	return trimBOM(msg), err
}

// result is the msg of a settle callback. Callbacks for orders of 担保支付, the system
// before, may have older names for some members, though only their signature is documented
// to differ. Both names are read whatever the signature; the current one wins if it has a
// value, as the settle query uses it. Other members stay in the archive.
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

	badText bool // the msg has text that is not valid
}

// otherTypes has ids of refunds, payments and withdrawals, which a settle callback does not
// have. The old signature does not cover the type, so the type is no proof.
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

// any reports whether one of them has a value.
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

// decodeResult decodes a msg and checks the required members. Some old ones have no id of
// the settlement but the developer's.
func decodeResult(msg []byte) (result, error) {
	r, badText, err := decodeMembers[result](msg)
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

// time returns the time of the event.
func (r *result) time() instant {
	if r.EventTime.V == 0 && r.SettledAt.V != 0 {
		return instant{"settled_at", r.SettledAt.V, time.Second}
	}
	return instant{"event_time", r.EventTime.V, time.Millisecond}
}

// settlement returns the members of the msg as a settlement.
func (r *result) settlement() schema.Settlement {
	s := schema.Settlement{
		SettleID: r.SettleID.V, OrderID: nonEmpty(r.OrderID.Null), OutSettleNo: nonEmpty(r.OutSettleNo.Null),
		OutOrderNo: nonEmpty(r.OutOrderNo.Null), ItemOrderID: nonEmpty(r.ItemOrderID.Null), Status: schema.Status(r.Status.V),
		Amount: r.SettleAmount.fen(), Rake: r.Rake.fen(), Commission: r.Commission.fen(),
		Detail: r.SettleDetail.Null, Message: r.Message.Null, CpExtra: r.CpExtra.Null,
		Source: schema.SourceCallback, AppID: nonEmpty(r.AppID.Null),
	}
	if r.IsAutoSettle != nil {
		s.IsAutoSettle = schema.Some(*r.IsAutoSettle)
	}
	return s
}

// decodeMembers decodes a JSON object as decodeJSON does. A name that differs from a member
// of T in case only is an error, as its value would be ignored.
func decodeMembers[T any](object []byte) (known T, badText bool, err error) {
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
