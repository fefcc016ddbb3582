package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"github.com/go-json-experiment/json/jsontext"

	"billwalk/schema"
)

// errSurprise is the error of what the scan does not know. What it says of all else is what the
// decoders say.
var errSurprise = errors.New("the decoder has to be asked")

// page returns what readPage returns, and the objects of the records.
func (s *scan) page(body []byte) (p page, err error) {
	answer, ok := s.read(body)
	if !ok {
		return p, errSurprise
	}
	part := s.find(answer, roleData)
	if part == nil || part.kind != single {
		return p, errSurprise
	}
	d := &s.objects[part.object]
	v := s.values(d)
	p.more, p.bizType = string(v[roleHasMore]) == "true", v[roleBizType]
	if !p.more && string(v[roleHasMore]) != "false" {
		return p, errSurprise
	}
	all, ok := s.list(s.find(d, roleLedgerRecords))
	if !ok {
		return p, errSurprise
	}
	if no := proof(s.errors(answer), s.errors(d), s.extra(answer)); no != nil {
		return page{}, no
	}
	next, err := text(v[roleCursor])
	if err != nil {
		return page{}, err
	}
	p.cursor, p.objects = next.V, all
	for _, o := range all {
		p.records = append(p.records, s.text[o.start:o.end:o.end])
	}
	return p, nil
}

// settlements returns what readSettlements returns.
func (s *scan) settlements(a *schema.SettleAnswer) (statements []statement, err error) {
	answer, ok := s.read(a.Body)
	if !ok {
		return nil, errSurprise
	}
	all, ok := s.list(s.find(answer, roleData))
	if !ok {
		return nil, errSurprise
	}
	if no := proof(s.errors(answer), errorFields{}, s.extra(answer)); no != nil {
		if no.unknownOrder() {
			return nil, nil
		}
		return nil, no
	}
	for _, o := range all {
		v := s.values(o)
		fields := settlementFields{SettleID: v[roleSettleID], Amount: v[roleSettleAmount], Rake: v[roleRake], Commission: v[roleCommission], Detail: v[roleSettleDetail]}
		t, fault := fields.statement(v[roleSettleStatus], a.FetchedAt)
		if fault != nil {
			err = fault
		}
		statements = append(statements, t)
	}
	return statements, err
}

// extra returns the error members of an answer's extra.
func (s *scan) extra(answer *object) errorFields {
	if m := s.find(answer, roleExtra); m != nil && m.kind == single {
		return s.errors(&s.objects[m.object])
	}
	return errorFields{}
}

// errors returns the error members of an object.
func (s *scan) errors(o *object) errorFields {
	v := s.values(o)
	return errorFields{
		ErrorCode: v[roleErrorCode], ErrNo: v[roleErrNo], Code: v[roleErrCode], Sub: v[roleSubErrorCode], Description: v[roleDescription],
		ErrMsg: v[roleErrMsg], ErrTips: v[roleErrTips], Message: v[roleMessage], LogID: v[roleLogID], LogIDToo: v[roleLogIDToo],
	}
}

// record returns what readRecord and content return of a record of a page with a biz_type.
func (s *scan) record(o *object, common jsontext.Value) (b reading, sum [sha256.Size]byte, ok bool) {
	v := s.values(o)
	var amounts [schema.AmountCount]schema.Null[int64]
	if m := s.find(o, roleAmount); m != nil && !s.amounts(m, &amounts) {
		return b, sum, false
	}
	s.canonical = s.canonical[:0]
	ofPage, err := whole(common)
	if err != nil || !s.appendCanonical(o) {
		return b, sum, false
	}
	if own, err := whole(v[roleBizType]); ofPage.Valid && err == nil && !own.Valid {
		s.canonical = binary.LittleEndian.AppendUint32(s.canonical, uint32(ofPage.V))
	}
	r := rawRecord{
		AccountID: v[roleAccountID], LedgerID: v[roleLedgerID], ShopOrderID: v[roleShopOrderID], ItemOrderID: v[roleItemOrderID], OrderExtID: v[roleOrderExtID],
		SettleType: v[roleSettleType], SettleSubType: v[roleSettleSubType], FundType: v[roleFundType], Fund: v[roleFund],
	}
	b, err = r.reading(&amounts)
	return b, sha256.Sum256(s.canonical), err == nil
}

// amounts reads the object of amounts.
func (s *scan) amounts(m *member, amounts *[schema.AmountCount]schema.Null[int64]) bool {
	if m.kind != single {
		return string(s.raw(m)) == "null"
	}
	o := &s.objects[m.object]
	members := s.of(o)
	for i, named := range o.shape.path {
		if named.amount == schema.AmountCount {
			continue
		}
		var err error
		if amounts[named.amount], err = whole(s.raw(&members[i])); err != nil {
			return false
		}
	}
	return true
}
