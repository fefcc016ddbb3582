package normalise

import (
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"billwalk/schema"
)

// settleScanner reads the usual answer of the settle query many times as fast as the
// decoder, to which it leaves all else. A test holds both equal.
type settleScanner struct {
	body   []byte
	text   string         // the body, of which texts are parts
	memory []SettleRecord // for the records
}

// scanSettlements reads the body of an answer, which is the text, its records into the memory
// as far as that goes. ok is false if only the decoder can read it, or say what is wrong.
func scanSettlements(body []byte, text string, memory []SettleRecord) (answer Settlements, ok bool) {
	s := settleScanner{body, text, memory[:0]}
	i, hasData, hasExtra := skipSpace(body, 0), false, false
	answer.Records = s.memory
	for open := byte('{'); byteAt(body, i) == open; open = ',' {
		var name string
		if name, i = s.name(i + 1); i < 0 {
			return Settlements{}, false
		}
		switch {
		case name == "data" && !hasData:
			hasData = true
			answer.Records, i = s.records(i)
		case name == "extra" && !hasExtra:
			hasExtra = true
			i = s.extra(i, &answer)
		default:
			return Settlements{}, false
		}
		if i < 0 {
			return Settlements{}, false
		}
		i = skipSpace(body, i)
	}
	if byteAt(body, i) != '}' || skipSpace(body, i+1) != len(body) || !hasExtra {
		return Settlements{}, false
	}
	return answer, hasData != answer.NotFound
}

// name reads the name of a member, and returns the place of its value.
func (s *settleScanner) name(i int) (name string, value int) {
	if i = skipSpace(s.body, i); byteAt(s.body, i) != '"' {
		return "", -1
	}
	name, i = s.string(i)
	if i < 0 {
		return "", -1
	}
	if i = skipSpace(s.body, i); byteAt(s.body, i) != ':' {
		return "", -1
	}
	return name, skipSpace(s.body, i+1)
}

// string reads a string.
func (s *settleScanner) string(i int) (text string, next int) {
	if byteAt(s.body, i) != '"' {
		return "", -1
	}
	end, found := scanString(s.body, i+1)
	switch {
	case end < 0, found&wide != 0 && !utf8.Valid(s.body[i+1:end]):
		return "", -1
	case found&escaped != 0:
		plain, err := jsontext.AppendUnquote(nil, s.body[i:end+1])
		if err != nil {
			return "", -1
		}
		return string(plain), end + 1
	}
	return s.text[i+1 : end], end + 1
}

// textOrNumber reads a text as type text does.
func (s *settleScanner) textOrNumber(i int) (text string, next int) {
	if byteAt(s.body, i) == '"' {
		return s.string(i)
	}
	if next = scanWhole(s.body, i); next < 0 {
		return "", -1
	}
	return s.text[i:next], next
}

// records reads the list of settlements.
func (s *settleScanner) records(i int) (records []SettleRecord, next int) {
	records = s.memory
	if byteAt(s.body, i) != '[' {
		return nil, -1
	}
	if next := skipSpace(s.body, i+1); byteAt(s.body, next) == ']' {
		return records, next + 1
	}
	for open := byte('['); byteAt(s.body, i) == open; open = ',' {
		from := skipSpace(s.body, i+1)
		records = append(records, SettleRecord{})
		r := &records[len(records)-1]
		if i = s.record(from, &r.wire); i < 0 {
			return nil, -1
		}
		r.Raw = jsontext.Value(s.body[from:i:i])
		i = skipSpace(s.body, i)
	}
	if byteAt(s.body, i) != ']' {
		return nil, -1
	}
	return records, i + 1
}

// record reads one settlement: each member once, and few that are not documented.
func (s *settleScanner) record(i int, w *settlement) int {
	var seen uint16
	var memory [4]string
	strangers := memory[:0]
	for open := byte('{'); byteAt(s.body, i) == open; open = ',' {
		var name string
		if name, i = s.name(i + 1); i < 0 {
			return -1
		}
		member := w.member(name)
		if seen&member.bit != 0 || slices.Contains(strangers, name) {
			return -1
		}
		seen |= member.bit
		switch {
		case member.bit == 0 && len(strangers) == len(memory):
			return -1
		case member.bit == 0:
			strangers = append(strangers, name)
			i = scanPlain(s.body, i, 0)
		case byteAt(s.body, i) == 'n':
			i = scanToken(s.body, i, "null")
		case member.text != nil:
			member.text.V, i = s.textOrNumber(i)
			member.text.Valid = true
		default:
			member.whole.V, i = scanInteger(s.body, i)
			member.whole.Valid = true
		}
		if i < 0 {
			return -1
		}
		i = skipSpace(s.body, i)
	}
	if byteAt(s.body, i) != '}' || w.check() != nil {
		return -1
	}
	return i + 1
}

// settleMember is where a member of a settlement is read to.
type settleMember struct {
	bit   uint16
	text  *schema.Null[string]
	whole *schema.Null[int64]
}

func (w *settlement) member(name string) settleMember {
	switch name {
	case "settle_id":
		return settleMember{1 << 0, &w.SettleID.Null, nil}
	case "order_id":
		return settleMember{1 << 1, &w.OrderID.Null, nil}
	case "out_settle_no":
		return settleMember{1 << 2, &w.OutSettleNo.Null, nil}
	case "out_order_no":
		return settleMember{1 << 3, &w.OutOrderNo.Null, nil}
	case "item_order_id":
		return settleMember{1 << 4, &w.ItemOrderID.Null, nil}
	case "settle_status":
		return settleMember{1 << 5, &w.SettleStatus.Null, nil}
	case "settle_detail":
		return settleMember{1 << 6, &w.SettleDetail.Null, nil}
	case "cp_extra":
		return settleMember{1 << 7, &w.CpExtra.Null, nil}
	case "settle_amount":
		return settleMember{1 << 8, nil, &w.SettleAmount.Null}
	case "rake":
		return settleMember{1 << 9, nil, &w.Rake.Null}
	case "commission":
		return settleMember{1 << 10, nil, &w.Commission.Null}
	case "settle_time":
		return settleMember{1 << 11, nil, &w.SettleTime.Null}
	case "settle_at":
		return settleMember{1 << 12, nil, &w.SettleAt.Null}
	}
	return settleMember{}
}

// extra reads the evidence that the call succeeded, or that the order is not found, and the
// logid.
func (s *settleScanner) extra(i int, answer *Settlements) int {
	var seen uint8
	var code, subCode int64
	for open := byte('{'); byteAt(s.body, i) == open; open = ',' {
		var name, words string
		if name, i = s.name(i + 1); i < 0 {
			return -1
		}
		bit := uint8(0)
		switch name {
		case "error_code":
			bit = 1 << 0
			code, i = scanInteger(s.body, i)
		case "sub_error_code":
			bit = 1 << 1
			subCode, i = scanInteger(s.body, i)
		case "logid":
			bit = 1 << 2
			answer.LogID, i = s.string(i)
		case "description":
			bit = 1 << 3
			words, i = s.string(i)
		case "sub_description":
			bit = 1 << 4
			words, i = s.string(i)
		case "now":
			bit, i = 1<<5, scanNumber(s.body, i)
		}
		_ = words // nothing that counts
		if bit == 0 || seen&bit != 0 || i < 0 {
			return -1
		}
		seen |= bit
		i = skipSpace(s.body, i)
	}
	if byteAt(s.body, i) != '}' || seen&(1<<0) == 0 {
		return -1
	}
	if code|subCode == 0 {
		return i + 1
	}
	says := Envelope{Extra: Part{Claims: Claims{ErrorCode: Code{N: code}, SubCode: Code{N: subCode}}}}
	if answer.NotFound = says.OrderNotFound(); !answer.NotFound {
		return -1
	}
	return i + 1
}
