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
// version or type than its scheme has, a missing settle_id or status, an amount
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
	check.time(r.at)
	if s.SettleTime.Valid {
		n.Day = schema.DayOf(s.SettleTime.V)
	} else if r.at.value == 0 {
		check.report(schema.RuleSettleTime, schema.SeverityWarning, "%s is missing; the callback is taken to be of the day of its receipt", r.at.name)
	}
	check.negatives()
	check.shares()
	n.describe(msg, c.Key)
	canonical := msg.Clone()
	err = canonical.Format(canonically...) // never an error, for it was decoded
	n.Digest = sha256.Sum256(canonical)
	return n, err
}

// CheckCallback returns the error that DecodeCallback has of the callback, and
// works nothing else out: a receiver asks it once for every request.
func CheckCallback(c *schema.Callback) error {
	_, _, err := read(c)
	return err
}

// read is the part of DecodeCallback that can fail.
func read(c *schema.Callback) (msg jsontext.Value, r result, err error) {
	if msg, err = message(c); err != nil {
		return nil, r, fmt.Errorf("callback is not what the platform documents: %w", err)
	}
	if r, err = decodeResult(c.Scheme, msg); err != nil {
		return nil, r, fmt.Errorf("callback's msg is not what the platform documents: %w", err)
	}
	return msg, r, nil
}

// message returns the callback's msg, a JSON text by itself.
func message(c *schema.Callback) (jsontext.Value, error) {
	version := "2.0"
	if c.Scheme == schema.SignedLegacy {
		version = "" // it had none
	}
	if len(c.Body) > mostCallback {
		return nil, fmt.Errorf("it has %d bytes: at most %d are read", len(c.Body), mostCallback)
	}
	body, _, err := members[struct {
		Version text           `json:"version"`
		Type    text           `json:"type"`
		Msg     jsontext.Value `json:"msg"`
	}](trimmed(c.Body))
	switch {
	case err != nil:
		return nil, err
	case body.Version.V != version:
		return nil, fmt.Errorf("version is %.40q, and %q where the signature is %s", body.Version.V, version, c.Scheme)
	case body.Type.V != "settle":
		return nil, fmt.Errorf("type is %.40q, not settle", body.Type.V)
	case body.Msg.Kind() != jsontext.KindString:
		return nil, errors.New("msg is missing, or not text")
	}
	msg, err := mend.Unquote(body.Msg)
	return trimmed(msg), err
}

// result is the msg of a settle callback as the API writes it, as far as both
// versions have the same names. What it does not name stays in the archive alone.
type result struct {
	AppID        text    `json:"app_id"`
	Status       text    `json:"status"`
	OrderID      text    `json:"order_id"`
	OutOrderNo   text    `json:"out_order_no"`
	ItemOrderID  text    `json:"item_order_id"`
	SettleAmount integer `json:"settle_amount"`
	Rake         integer `json:"rake"`
	Commission   integer `json:"commission"`
	SettleDetail display `json:"settle_detail"`
	CpExtra      display `json:"cp_extra"`
	Message      display `json:"message"`
	IsAutoSettle *bool   `json:"is_auto_settle"`

	settleID, outSettleNo text
	at                    instant
	badText               bool // some of the msg's text is not valid, and is mended
}

// decodeResult reads a msg by the names of its version, and makes sure of what
// every settlement must have.
func decodeResult(scheme schema.SignatureScheme, msg []byte) (r result, err error) {
	switch scheme {
	case schema.SignedRSA:
		r, err = decodeCurrent(msg)
	case schema.SignedLegacy:
		r, err = decodeLegacy(msg)
	default:
		err = fmt.Errorf("signature scheme %q is unknown", scheme)
	}
	switch {
	case err != nil:
	case r.settleID.V == "":
		err = fmt.Errorf("settle_id is missing (order_id %s)", r.OrderID.V)
	case r.Status.V == "":
		err = fmt.Errorf("status is missing (settle_id %s)", r.settleID.V)
	}
	return r, err
}

func decodeCurrent(msg []byte) (result, error) {
	m, badText, err := members[struct {
		result
		SettleID    text    `json:"settle_id"`
		OutSettleNo text    `json:"out_settle_no"`
		EventTime   integer `json:"event_time"`
	}](msg)
	r := m.result
	r.badText = badText
	r.settleID, r.outSettleNo = m.SettleID, m.OutSettleNo
	r.at = instant{"event_time", m.EventTime.V, time.Millisecond}
	return r, err
}

// decodeLegacy reads the msg of 担保支付, the system before, whose orders are
// still settled. Its own id of a settlement is not in every msg.
func decodeLegacy(msg []byte) (result, error) {
	m, badText, err := members[struct {
		result
		BareAppID       text    `json:"appid"`
		SettleNo        text    `json:"settle_no"`
		ChannelSettleID text    `json:"channel_settle_id"`
		CpSettleNo      text    `json:"cp_settle_no"`
		SettledAt       integer `json:"settled_at"`
	}](msg)
	r := m.result
	r.badText = badText
	r.AppID = firstOf(m.AppID, m.BareAppID)
	r.settleID, r.outSettleNo = firstOf(m.SettleNo, m.ChannelSettleID, m.CpSettleNo), m.CpSettleNo
	r.at = instant{"settled_at", m.SettledAt.V, time.Second}
	return r, err
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
		SettleID: r.settleID.V, OrderID: given(r.OrderID.Null), OutSettleNo: given(r.outSettleNo.Null),
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
// does. One that is known but for its case is an error: whoever wrote it meant it to
// be read by somebody.
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
