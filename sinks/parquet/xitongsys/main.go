// Command xitongsys reads a flat Parquet file with
// github.com/xitongsys/parquet-go, which shares no code with the library that
// billwalk writes with, and prints as JSON what it found there.
//
// It is a module and a process of its own: that library's dependencies of 2020
// stay out of billwalk's, and a panic in one of its goroutines cannot end the
// tests. It never writes, and never runs outside of tests.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/xitongsys/parquet-go/reader"
	"github.com/xitongsys/parquet-go/source"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("xitongsys: ")
	if len(os.Args) != 2 {
		log.Fatal("usage: xitongsys FILE.parquet")
	}
	found, err := read(os.Args[1])
	if err != nil {
		log.Fatalf("%s: %v", os.Args[1], err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		log.Fatal(err)
	}
}

// found is what there is in a file. Numbers are text, so that nothing between
// here and who compares them can round them.
type found struct {
	Rows    int64              `json:"rows"`
	Columns []string           `json:"columns"`
	Footer  map[string]string  `json:"footer"`
	Fen     map[string]sum     `json:"fen"`   // of each column in ..._fen
	First   map[string]*string `json:"first"` // the first row, by column; null is NULL
	Last    map[string]*string `json:"last"`
}

type sum struct {
	Fen   int64 `json:"sum,string"`
	Nulls int64 `json:"nulls,string"`
}

func read(path string) (*found, error) {
	opened, err := open(path)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	file, err := reader.NewParquetColumnReader(opened, 1)
	if err != nil {
		return nil, err
	}
	defer file.ReadStop()
	f := &found{
		Rows: file.GetNumRows(), Footer: map[string]string{},
		Fen: map[string]sum{}, First: map[string]*string{}, Last: map[string]*string{},
	}
	for _, pair := range file.Footer.KeyValueMetadata {
		f.Footer[pair.Key] = pair.GetValue()
	}
	for i := range file.SchemaHandler.GetColumnNum() {
		name := file.SchemaHandler.GetExName(int(i) + 1) // 0 is the root
		f.Columns = append(f.Columns, name)
		if err := f.column(file, i, name); err != nil {
			return nil, fmt.Errorf("column %s: %w", name, err)
		}
	}
	return f, nil
}

// column reads a column to its end.
func (f *found) column(file *reader.ParquetReader, index int64, name string) error {
	const maxValues = 10_000 // in one read
	money := strings.HasSuffix(name, "_fen")
	var total sum
	for done := int64(0); done < f.Rows; {
		values, _, _, err := file.ReadColumnByIndex(index, maxValues)
		if err != nil {
			return err
		}
		if len(values) == 0 { // the library does not say why
			return fmt.Errorf("ends after %d of %d values", done, f.Rows)
		}
		if done == 0 {
			f.First[name] = text(values[0])
		}
		f.Last[name] = text(values[len(values)-1])
		done += int64(len(values))
		if money {
			if err := total.add(values); err != nil {
				return err
			}
		}
	}
	if money {
		f.Fen[name] = total
	}
	return nil
}

func (s *sum) add(values []any) error {
	for _, v := range values {
		switch fen := v.(type) {
		case nil:
			s.Nulls++
		case int64:
			s.Fen += fen
		default:
			return fmt.Errorf("%v is a %T, not an INT64", v, v)
		}
	}
	return nil
}

func text(v any) *string {
	if v == nil {
		return nil
	}
	s := fmt.Sprint(v)
	return &s
}

// input is a file that opens itself again, as the library needs it for
// each column.
type input struct{ *os.File }

var _ source.ParquetFile = input{}

func open(path string) (input, error) {
	file, err := os.Open(path)
	return input{file}, err
}

func (i input) Open(string) (source.ParquetFile, error) { return open(i.Name()) }

func (input) Create(string) (source.ParquetFile, error) {
	return nil, errors.New("this is a reader")
}
