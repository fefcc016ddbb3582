package audit

import (
	"testing"
	"time"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// FuzzTwoReadingsOfCallbacks: a callback that the build accepts is accepted by the audit, and
// both decode the same from it. They share no code.
func FuzzTwoReadingsOfCallbacks(f *testing.F) {
	f.Add([]byte(`{"version":"2.0","type":"settle","msg":"{\"settle_id\":\"ot1\",\"status\":\"SUCCESS\",\"settle_amount\":2,\"rake\":\"0\",\"commission\":null,\"settle_detail\":\"商户号68882720803499563550-分成金额(分)2\"}"}`), false)
	f.Add([]byte(`{"version":"2.0","type":"settle","msg":"{\"settle_id\":17,\"status\":\"FA\\u0049L\",\"settle_amount\":9223372036854775807,\"settle_detail\":\"\",\"new\":1}"}`), false)
	f.Add([]byte(`{"type":"settle","msg":"{\"settle_no\":\"\",\"channel_settle_id\":7050000000000000401,\"cp_settle_no\":\"c\",\"settle_id\":\"s\",\"status\":\"FAIL\"}"}`), true)
	f.Add([]byte(`{"type":"settle","msg":"{\"cp_settle_no\":\"c\",\"settle_no\":\"n\",\"settle_id\":\"s\",\"status\":\"FAIL\",\"event_time\":1}"}`), true)
	f.Add([]byte(`{"version":"2.0","type":"settle","msg":"{\"channel_settle_id\":\"c\",\"settle_id\":\"\",\"status\":\"FAIL\",\"settled_at\":1}"}`), false)
	f.Add([]byte(`{"type":"settle","msg":"{\"settle_id\":\"s\",\"status\":\"FAIL\",\"event_time\":1643212800000,\"settled_at\":1643189272}"}`), true)
	f.Add([]byte(`{"version":"2.0","type":"settle","msg":"{\"settle_id\":\"s\",\"status\":\"FAIL\",\"event_time\":0,\"settled_at\":\"1643189272\"}"}`), false)
	f.Add([]byte(`{"type":"settle","msg":"{\"settle_no\":null,\"cp_settle_no\":\"c\",\"status\":\"FAIL\",\"rake\":-5}"}`), true)
	f.Add([]byte("\xef\xbb\xbf{\"version\":\"2.0\",\"type\":\"settle\",\"msg\":\"{\\\"settle_id\\\":\\\"s\\\",\\\"status\\\":\\\"FAIL\\\",\\\"rake\\\":-5,\\\"settle_detail\\\":\\\"a\xe9\xa4\\\\ud83c\\\",\\\"message\\\":\\\"\\ud83c\\\"}\"}"), false)
	f.Add([]byte(`{"version":"2.0","type":"settle","msg":"{\"settle_id\":\"s\",\"status\":\"FAIL\",\"app_id\":17,\"appid\":\"tt1\"}"}`), false)
	f.Add([]byte(`{"type":"settle","msg":"{\"settle_id\":\"s\",\"status\":\"FAIL\",\"app_id\":\"\",\"appid\":\"tt1\"}"}`), true)
	f.Fuzz(func(t *testing.T, body []byte, legacy bool) {
		c := &schema.Callback{Scheme: schema.SignedRSA, ReceivedAt: time.UnixMicro(1795233600_123456).UTC(), Body: body}
		if legacy {
			c.Scheme = schema.SignedLegacy
		}
		built, err := normalise.DecodeCallback(c)
		if err != nil {
			return
		}
		want := statementOf(&built.Settlement)
		want.negatives = uint8(count(built.Exceptions, schema.RuleNegativeAmount))
		if got, app, err := readCallback(c); err != nil || got != want || app != built.Settlement.AppID.V {
			t.Fatalf("%s: audited %+v, %v; built from %+v", body, got, err, built)
		}
	})
}

// TestReadCallbackRefuses: a body that is not a settle callback is an error.
func TestReadCallbackRefuses(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		"", "[]", "{}", `{"msg":"{}"}`, `{"msg":{"settle_id":"s"}}`, `{"msg":"{\"settle_id\":\"\"}"}`, `{"msg":"{\"out_settle_no\":\"s\"}"}`,
		`{"msg":"{\"settle_id\":{}}"}`, `{"msg":"{\"settle_id\":\"s\",\"rake\":1.5}"}`, `{"msg":"{\"settle_id\":\"s\",\"rake\":1,\"rake\":1}"}`,
	} {
		if got, _, err := readCallback(&schema.Callback{Scheme: schema.SignedRSA, Body: []byte(body)}); err == nil {
			t.Errorf("%s: got %+v, want an error", body, got)
		}
	}
}

// TestProvenBy: which answers and callbacks prove a row.
func TestProvenBy(t *testing.T) {
	t.Parallel()
	at := time.UnixMicro(1795233600_000000)
	fen := schema.Some[schema.Fen]
	settlement := func(change ...func(*schema.Settlement)) *schema.Settlement {
		s := &schema.Settlement{
			SettleID: "s", Status: schema.StatusSuccess, Amount: fen(1000), Rake: fen(60), Commission: fen(0),
			Detail: schema.Some("商户号1-分成金额(分)940"), FetchedAt: at,
		}
		for _, c := range change {
			c(s)
		}
		return s
	}
	later := func(s *schema.Settlement) { s.FetchedAt = at.Add(time.Microsecond) }
	noRake := func(s *schema.Settlement) { s.Rake = schema.Null[schema.Fen]{} }
	zeroRake := func(s *schema.Settlement) { s.Rake = fen(0) }
	otherRake := func(s *schema.Settlement) { s.Rake = fen(61) }
	noDetail := func(s *schema.Settlement) { s.Detail = schema.Some("") }
	failed := func(s *schema.Settlement) { s.Status = schema.StatusFail }
	of := func(all ...*schema.Settlement) (statements []statement) {
		for _, s := range all {
			statements = append(statements, statementOf(s))
		}
		return statements
	}
	query, callback, both := schema.SourceQuery, schema.SourceCallback, schema.SourceBoth
	for name, test := range map[string]struct {
		row                *schema.Settlement
		source             schema.Source
		answers, callbacks []statement
		want               bool
	}{
		"an answer":                               {settlement(), query, of(settlement()), nil, true},
		"one of several":                          {settlement(), query, of(settlement(later), settlement()), nil, true},
		"an answer of another time":               {settlement(), query, of(settlement(later)), nil, false},
		"an answer of another status":             {settlement(), query, of(settlement(failed)), nil, false},
		"an answer of another amount":             {settlement(), query, of(settlement(otherRake)), nil, false},
		"an answer with 0 for NULL":               {settlement(noRake), query, of(settlement(zeroRake)), nil, false},
		"an answer with NULL for 0":               {settlement(zeroRake), query, of(settlement(noRake)), nil, false},
		"an answer, and a callback fills it":      {settlement(), query, of(settlement(noRake)), of(settlement()), false},
		"a callback for an answer":                {settlement(), query, nil, of(settlement()), false},
		"nothing":                                 {settlement(), query, nil, nil, false},
		"a callback":                              {settlement(), callback, nil, of(settlement(later), settlement()), true},
		"a callback of another time":              {settlement(), callback, nil, of(settlement(later)), false},
		"an answer for a callback":                {settlement(), callback, of(settlement()), nil, false},
		"a callback that another fills":           {settlement(), callback, nil, of(settlement(noRake), settlement(later)), true},
		"a callback that another fills otherwise": {settlement(), callback, nil, of(settlement(noRake), settlement(otherRake)), false},
		"a callback that another contradicts":     {settlement(), callback, nil, of(settlement(otherRake), settlement(later)), false},
		"both, as the answer has it":              {settlement(), both, of(settlement()), of(settlement(later, failed)), true},
		"both, as the callback has it":            {settlement(), both, of(settlement(later, failed)), of(settlement()), true},
		"both, the answer filled":                 {settlement(), both, of(settlement(noRake, noDetail)), of(settlement(later)), true},
		"both, the callback filled":               {settlement(), both, of(settlement(later)), of(settlement(noRake)), true},
		"both, with an answer only":               {settlement(), both, of(settlement()), nil, false},
		"both, with a callback only":              {settlement(), both, nil, of(settlement()), false},
		"both, of a time that neither has":        {settlement(), both, of(settlement(later)), of(settlement(later)), false},
		"both, with an amount that neither has":   {settlement(), both, of(settlement(noRake)), of(settlement(later, otherRake)), false},
		"both, with the status of another time":   {settlement(failed), both, of(settlement()), of(settlement(failed, later)), false},
		"no source":                               {settlement(), "", of(settlement()), of(settlement()), false},
	} {
		row := statementOf(test.row)
		if got := row.provenBy(test.source, test.answers, test.callbacks); got != test.want {
			t.Errorf("%s: got %t, want %t", name, got, test.want)
		}
	}
}

// TestStatementsOfRow: the statements on a row are those with its settle_id, and those with
// the developer's id as theirs.
func TestStatementsOfRow(t *testing.T) {
	t.Parallel()
	statement := func(id string) statement { return statementOf(&schema.Settlement{SettleID: id}) }
	all := statements{statement("s1"), statement("c1"), statement("s2"), statement("s1")}
	all.sort()
	for _, test := range []struct {
		id, outSettleNo string
		want            int
	}{{"s1", "", 2}, {"s1", "s1", 2}, {"s1", "c1", 3}, {"s2", "c1", 2}, {"s3", "c1", 1}, {"s3", "s4", 0}} {
		if got := all.ofRow(&schema.Settlement{SettleID: test.id, OutSettleNo: schema.Some(test.outSettleNo)}); len(got) != test.want {
			t.Errorf("%+v: got %d statements", test, len(got))
		}
	}
}

// TestStatementsOf: of returns all statements on one settlement, and none on others.
func TestStatementsOf(t *testing.T) {
	t.Parallel()
	all := statements{{id: 7, at: 1}, {id: 3, at: 2}, {id: 7, at: 3}, {id: 9, at: 4}, {id: 3, at: 5}, {id: 7, at: 6}}
	all.sort()
	for id, want := range map[uint64]int{3: 2, 7: 3, 9: 1, 1: 0, 8: 0, 10: 0} {
		found := all.of(id)
		for _, one := range found {
			if one.id != id {
				t.Errorf("id %d: got %+v", id, one)
			}
		}
		if len(found) != want {
			t.Errorf("id %d: got %d, want %d", id, len(found), want)
		}
	}
}
