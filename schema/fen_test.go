package schema

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// bounds are the amounts around which sums leave int64.
var bounds = []Fen{math.MinInt64, math.MinInt64 + 1, -100, -99, -1, 0, 1, 99, 100, math.MaxInt64 - 1, math.MaxInt64}

func checkSum(t interface{ Errorf(string, ...any) }, name string, got Fen, err error, want *big.Int) {
	switch {
	case want.IsInt64() && (err != nil || int64(got) != want.Int64()):
		t.Errorf("%s = %d, %v, want %s", name, got, err, want)
	case !want.IsInt64() && !errors.Is(err, ErrOverflow):
		t.Errorf("%s = %d, %v, want ErrOverflow: it is %s", name, got, err, want)
	}
}

func checkArithmetic(t interface{ Errorf(string, ...any) }, a, b Fen) {
	left, right := big.NewInt(int64(a)), big.NewInt(int64(b))
	sum, err := a.Add(b)
	checkSum(t, "Add", sum, err, new(big.Int).Add(left, right))
	difference, err := a.Sub(b)
	checkSum(t, "Sub", difference, err, new(big.Int).Sub(left, right))
}

func TestFenAtTheBounds(t *testing.T) {
	t.Parallel()
	for _, a := range bounds {
		for _, b := range bounds {
			checkArithmetic(t, a, b)
		}
	}
}

// TestFenIsExact compares sums and differences with integers of any size.
func TestFenIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		checkArithmetic(t, Fen(rapid.Int64().Draw(t, "a")), Fen(rapid.Int64().Draw(t, "b")))
	})
}

func TestYuan(t *testing.T) {
	t.Parallel()
	for fen, want := range map[Fen]string{
		0: "0.00", 1: "0.01", 9: "0.09", 10: "0.10", 99: "0.99", 100: "1.00", 123456: "1234.56",
		-1: "-0.01", -99: "-0.99", -100: "-1.00", -123456: "-1234.56",
		math.MaxInt64: "92233720368547758.07", math.MinInt64: "-92233720368547758.08",
	} {
		if got := fen.Yuan(); got != want {
			t.Errorf("%d fen are %q, want %q", fen, got, want)
		}
	}
}

// TestYuanIsExact parses the result of Yuan with integers of any size.
func TestYuanIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		fen := Fen(rapid.Int64().Draw(t, "fen"))
		yuan, ok := new(big.Rat).SetString(fen.Yuan())
		if !ok {
			t.Fatalf("%q is not a number", fen.Yuan())
		}
		if back := yuan.Mul(yuan, big.NewRat(100, 1)); back.Cmp(new(big.Rat).SetInt64(int64(fen))) != 0 {
			t.Fatalf("%d fen are written %q", fen, fen.Yuan())
		}
	})
}
