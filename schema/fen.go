package schema

import (
	"errors"
	"strconv"
)

// Fen is an amount of money in fen (分, a hundredth of a yuan), signed: plus is
// to the merchant, minus is from it. It never passes through a float.
type Fen int64

// ErrOverflow reports that a sum of money would leave the range of int64.
var ErrOverflow = errors.New("amount of money overflows int64 fen")

// Add returns a+b, or ErrOverflow; it never wraps.
func (a Fen) Add(b Fen) (Fen, error) {
	sum := a + b
	if (sum > a) != (b > 0) {
		return 0, ErrOverflow
	}
	return sum, nil
}

// Sub returns a-b, or ErrOverflow; it never wraps.
func (a Fen) Sub(b Fen) (Fen, error) {
	difference := a - b
	if (difference < a) != (b > 0) {
		return 0, ErrOverflow
	}
	return difference, nil
}

// Total returns the sum of amounts, or ErrOverflow. It is NULL if one of them is.
func Total(terms ...Null[Fen]) (Null[Fen], error) {
	var total Fen
	for _, term := range terms {
		if !term.Valid {
			return Null[Fen]{}, nil
		}
		var err error
		if total, err = total.Add(term.V); err != nil {
			return Null[Fen]{}, err
		}
	}
	return Some(total), nil
}

// Yuan formats the amount for people: -123456 is "-1234.56".
func (a Fen) Yuan() string {
	magnitude, sign := uint64(a), ""
	if a < 0 {
		magnitude, sign = -magnitude, "-"
	}
	cents := strconv.FormatUint(magnitude%100, 10)
	if len(cents) == 1 {
		cents = "0" + cents
	}
	return sign + strconv.FormatUint(magnitude/100, 10) + "." + cents
}
