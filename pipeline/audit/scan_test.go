package audit

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"billwalk/schema"
)

// member draws members of an object, and now and then a fault between them.
func membersOf(t *rapid.T, names, values *rapid.Generator[string]) string {
	members := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
		return `"` + names.Draw(t, "name") + `":` + values.Draw(t, "value")
	}), 0, 8).Draw(t, "members")
	commas := []string{",", ",", ",", ",", ",", ",", ",", ", ", ",,", " ", ""}
	text := ""
	for i, m := range members {
		if i > 0 {
			text += rapid.SampledFrom(commas).Draw(t, "comma")
		}
		text += m
	}
	return text
}

// anyValues are values that a member may have, valid or not.
var anyValues = rapid.SampledFrom([]string{
	`1`, `"1"`, `0`, `-5`, `-0`, `01`, `1.0`, `1.`, `1e3`, `1E+`, `-`, `+1`, `12345678901234567890`, `"x"`, `"é"`, `"a\"b"`, `"\u0041\/"`, `"\u00"`, `"\x"`, `"\ud800"`, `"\ud83d\ude00"`,
	"\"\xff\"", "\"a\x1fb\"", `"one two three four five six é seven"`, `"`, `true`, `tru`, `null`, `false`, ` 1`, `1 `, `[]`, `[1, 2]`, `[1,"\n",[2],0.10]`, `[1,]`, `[,1]`, `[[`, `[{"b":1,"a":2},{}]`, `[{},]`, `[{}`, `{}`, `{ }`, `{`,
	`{"pay":1,"goods":-2,"é":3}`, `{"pay":"1","original": 2}`, `{"pay":1.5}`, `{"pay":1,"pay":2}`, `{"z":{"b":1,"a":"\t"},"y":[{"b":1,"a":2}]}`, `{"x":{"b":"\n","a":[]}}`,
})

// TestScanRecord: whatever a record has, the scan says what the decoder says of it, or nothing;
// and it knows every record that has no surprise. It says so again once it knows the names.
func TestScanRecord(t *testing.T) {
	t.Parallel()
	usual := []string{
		`{"account_id":"7113893944009705516","ledger_id":"1","settle_type":1,"shop_order_id":"o","biz_type":2,"amount":{"pay":900,"goods":"850"},"cp_extra":"{\"a\":\"\u4e00\"}"}`,
		`{"amount":{},"ledger_id":7,"fund_amount":-3,"fund_amount_type":0,"group_name":"双人餐","x":null,"y":true,"z":[],"w":-1.5e3,"v":[{"b":[1,"\\n",null],"a":0.10},[]]}`, `{}`,
	}
	s := new(scan)
	for range 2 {
		for _, record := range usual {
			if o, ok := s.read([]byte(record)); !ok {
				t.Errorf("%s is not read", record)
			} else if _, _, ok := s.record(o, nil); !ok {
				t.Errorf("%s is not known", record)
			}
		}
	}
	names := rapid.SampledFrom([]string{"account_id", "ledger_id", "shop_order_id", "order_ext_id", "settle_type", "settle_sub_type", "fund_amount", "fund_amount_type", "amount", "biz_type", "a", "b", "é", "\uffff", "\U0001f600", "\xff", `\u0061b`, "a\x01", ""})
	rapid.Check(t, func(t *rapid.T) {
		raw := jsontext.Value("{" + membersOf(t, names, anyValues) + "}" + rapid.SampledFrom([]string{"", "", "", "}", " "}).Draw(t, "end"))
		bizType := jsontext.Value(rapid.SampledFrom([]string{"", "1", `"2"`, "null", "1.5"}).Draw(t, "biz_type"))
		o, ok := s.read(raw)
		if !ok {
			return
		}
		got, sum, ok := s.record(o, bizType)
		if !ok {
			return
		}
		wantSum, err := content(raw, bizType)
		if err != nil {
			t.Fatalf("%s: scanned, but has no content: %v", raw, err)
		}
		want, err := readRecord(raw)
		if err != nil {
			t.Fatalf("%s: scanned, but not decoded: %v", raw, err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(reading{})); diff != "" || sum != wantSum {
			t.Fatalf("%s of a page with %s: %x, want %x (-decoded +scanned)\n%s", raw, bizType, sum, wantSum, diff)
		}
	})
}

// TestScanAnswers: of an answer, whatever it is, the scan says what the decoders say, or nothing.
func TestScanAnswers(t *testing.T) {
	t.Parallel()
	items := rapid.Custom(func(t *rapid.T) string {
		names := rapid.SampledFrom([]string{"settle_id", "settle_amount", "settle_detail", "rake", "settle_status", "ledger_id", "amount", "x"})
		all := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string { return "{" + membersOf(t, names, anyValues) + "}" }), 0, 3).Draw(t, "items")
		return "[" + strings.Join(all, ",") + "]"
	})
	codes := rapid.SampledFrom([]string{`0`, `"0"`, `20000`, `6000001`, `"x"`, `null`, `1.5`, `"a\u0062"`})
	extras := rapid.Custom(func(t *rapid.T) string {
		return "{" + membersOf(t, rapid.SampledFrom([]string{"error_code", "error_code", "error_code", "sub_error_code", "description", "logid"}), codes) + "}"
	})
	pages := rapid.Custom(func(t *rapid.T) string {
		names := rapid.SampledFrom([]string{"has_more", "cursor", "biz_type", "error_code", "code", "x"})
		return `{"ledger_records":` + rapid.OneOf(items, items, anyValues).Draw(t, "records") + `,` + membersOf(t, names, rapid.OneOf(codes, anyValues, rapid.Just("true"), rapid.Just("false"))) + "}"
	})
	s, known := new(scan), 0
	for _, body := range []string{
		`{"data":{"ledger_records":[],"has_more":true,"cursor":0,"biz_type":0},"extra":{}}`,
		`{"data":{"ledger_records":[{}],"has_more":true,"cursor":[],"biz_type":1},"extra":{"error_code":0}}`,
	} {
		known += sameAnswer(t, s, []byte(body))
	}
	rapid.Check(t, func(t *rapid.T) {
		parts := []string{`"data":` + rapid.OneOf(items, pages, pages, anyValues).Draw(t, "data"), `"extra":` + rapid.OneOf(extras, extras, rapid.Just(`{"error_code":0}`), anyValues).Draw(t, "extra")}
		if rapid.IntRange(0, 3).Draw(t, "more") == 0 {
			parts = append(parts, membersOf(t, rapid.SampledFrom([]string{"err_no", "code", "message", "x", "data"}), codes))
		}
		known += sameAnswer(t, s, []byte("{"+strings.Join(rapid.Permutation(parts).Draw(t, "order"), ",")+"}"))
	})
	if known == 0 {
		t.Error("no answer is known")
	}
}

// sameAnswer checks that the scan says of an answer what the decoders say, and returns how many
// of its two readings, of settlements and of a page, it knows.
func sameAnswer(t rapid.TB, s *scan, body []byte) (known int) {
	answer := schema.SettleAnswer{FetchedAt: time.Unix(1_700_000_000, 0), Body: body}
	settled, err := s.settlements(&answer)
	want, wantErr := readSettlements(&answer)
	if !errors.Is(err, errSurprise) {
		known++
		if diff := cmp.Diff(want, settled, cmp.AllowUnexported(statement{})); diff != "" || fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Fatalf("%s: scanned with %v, decoded with %v (-decoded +scanned)\n%s", body, err, wantErr, diff)
		}
	}
	got, err := s.page(body)
	decoded, wantErr := readPage(body)
	if !errors.Is(err, errSurprise) {
		known++
		if !samePage(&got, &decoded) || fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Fatalf("%s: scanned %+v with %v, decoded %+v with %v", body, got, err, decoded, wantErr)
		}
	}
	return known
}

// samePage reports whether two readings of a page say the same.
func samePage(a, b *page) bool {
	return a.cursor == b.cursor && a.more == b.more && string(a.bizType) == string(b.bizType) && len(a.records) == len(b.records) &&
		fmt.Sprintf("%s", a.records) == fmt.Sprintf("%s", b.records)
}

// TestScanForgets: names without end are not kept, and the scan goes on.
func TestScanForgets(t *testing.T) {
	t.Parallel()
	s, usual := new(scan), []byte(`{"ledger_id":"1"}`)
	for i := range 3 * maxShapes {
		s.read(fmt.Appendf(nil, `{"a%d":{"b":1}}`, i))
		if s.shapes > maxShapes {
			t.Fatalf("%d shapes", s.shapes)
		}
	}
	s.read(usual)
	if _, ok := s.read(usual); !ok {
		t.Error("a usual record is not known any more")
	}
	many := []byte(`{"a0":0`)
	for i := range 2 * maxMembers {
		many = fmt.Appendf(many, `,"a%d":0`, i+1)
	}
	if _, ok := s.read(append(many, '}')); ok {
		t.Errorf("an object of %d members", 2*maxMembers)
	}
}

// FuzzScan: what the scan reads is valid JSON, strictly, and its canonical form is the library's.
func FuzzScan(f *testing.F) {
	for _, text := range []string{`{}`, `{"a":[1,{"c":"\u0061","b":-0.5e+3},[],null],"é":"x\ty","\ud83d":true}`, `{"a":{"a":{"a":0}},"b":01,"a":1}`, "{\"\xff\":\"\x7f\"}"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s := new(scan)
		if _, ok := s.read(text); !ok {
			return
		}
		o, ok := s.read(text) // whose names it knows now
		if !ok {
			t.Fatalf("%q is read once", text)
		}
		want := jsontext.Value(text).Clone()
		if err := want.Format(jsontext.ReorderRawObjects(true), jsontext.PreserveRawStrings(false), jsontext.CanonicalizeRawInts(false), jsontext.CanonicalizeRawFloats(false)); err != nil {
			t.Fatalf("%q is read, and is not valid: %v", text, err)
		}
		if s.canonical = s.canonical[:0]; !s.appendCanonical(o) || string(s.canonical) != string(want) {
			t.Fatalf("%q: %s, want %s", text, s.canonical, want)
		}
	})
}
