package normalise

import "billwalk/schema"

// Rows are bills by column, and what was found of them. The zero value is not usable:
// see NewRows.
type Rows struct {
	Bills      *schema.Batch // of the table bills
	Outcomes   []Outcomes    // by row
	Exceptions []RowException
}

// RowException is an exception of the bill in a row.
type RowException struct {
	Row int
	schema.Exception
}

// NewRows returns no rows.
func NewRows() *Rows { return &Rows{Bills: schema.NewBatch(schema.Bills.Columns())} }

// Reset removes the rows and keeps the memory.
func (r *Rows) Reset() {
	r.Bills.Reset()
	r.Outcomes, r.Exceptions = r.Outcomes[:0], r.Exceptions[:0]
}

// AddPage adds the bills of an answer of the bill API, in its order. Its errors are those of
// DecodePage; after an error no row was added.
func (n Normaliser) AddPage(to *Rows, body []byte, from Provenance) error {
	s := scanners.Get().(*scanner)
	defer s.release()
	if _, ok := s.scan(body); ok && n.addScanned(to, s, &from) {
		return nil
	}
	return n.addDecoded(to, body, from)
}

// AddAnswer is AddPage of an answer that was read and not released: it is not read again.
func (n Normaliser) AddAnswer(to *Rows, a *PageAnswer, from Provenance) error {
	if s := a.Decoded.scanned; s != nil && n.addScanned(to, s, &from) {
		return nil
	}
	return n.addDecoded(to, a.Body, from)
}

// addDecoded is AddPage without the scanner.
func (n Normaliser) addDecoded(to *Rows, body []byte, from Provenance) error {
	page, err := DecodePage(body)
	if err != nil {
		return err
	}
	for i := range page.Records {
		n.addRecord(to, page.Records[i], from)
	}
	return nil
}

func (n Normaliser) addRecord(to *Rows, r Record, from Provenance) {
	row := n.Row(r, from)
	for i := range row.Exceptions {
		to.Exceptions = append(to.Exceptions, RowException{to.Bills.Rows, row.Exceptions[i]})
	}
	schema.Bills.AppendTo(to.Bills, &row.Bill)
	to.Outcomes = append(to.Outcomes, row.Outcomes)
}

// addScanned adds a page that was scanned: clean records as they are, the others once they
// are decoded. It adds nothing and returns false if one cannot be decoded.
func (n Normaliser) addScanned(to *Rows, s *scanner, from *Provenance) bool {
	decoded, settled := []Record(nil), settledOn(from.Day)
	for i := range s.records {
		r := &s.records[i]
		if !r.slow {
			r.inherit(s.bizType)
			if s.clean(r, from, settled) {
				continue
			}
		}
		record, err := DecodeRecord(s.text(r.raw), s.bizType)
		if err != nil {
			return false
		}
		r.slow, decoded = true, append(decoded, record)
	}
	for rest := s.records; len(rest) > 0; {
		if rest[0].slow {
			n.addRecord(to, decoded[0], *from)
			decoded, rest = decoded[1:], rest[1:]
			continue
		}
		clean := 1
		for clean < min(len(rest), schema.MaxRun) && !rest[clean].slow {
			clean++
		}
		n.addColumns(to, s, rest[:clean], from)
		rest = rest[clean:]
	}
	return true
}
