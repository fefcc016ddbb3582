package normalise

import (
	"billwalk/schema"
)

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
