package swap_test

import (
	"context"
	"errors"
	"testing"

	"billwalk/pipeline/swap"
	"billwalk/schema"
)

// object is one that others replace before each of the first few swaps.
type object struct {
	data   string
	others int
	swaps  int
}

func (o *object) Load(context.Context) ([]byte, string, error) { return []byte(o.data), o.data, nil }

func (o *object) Swap(_ context.Context, data []byte, version string) (string, error) {
	o.swaps++
	if o.others > 0 {
		o.others--
		o.data += "x"
	}
	if version != o.data {
		return "", schema.ErrTaken
	}
	o.data = string(data)
	return o.data, nil
}

// TestChange: a change is made of what is there when it is stored; one that changes nothing stores
// nothing, and one that others always come before ends.
func TestChange(t *testing.T) {
	add := func(data []byte) ([]byte, error) { return []byte(string(data) + "+"), nil }
	same := func(data []byte) ([]byte, error) { return data, nil }
	failed := errors.New("failed")
	fails := func([]byte) ([]byte, error) { return []byte("lost"), failed }
	for _, c := range []struct {
		others int
		change func([]byte) ([]byte, error)
		data   string
		swaps  int
		err    error
	}{
		{0, add, "a+", 1, nil}, {2, add, "axx+", 3, nil}, {9, add, "axxxxx", 5, schema.ErrTaken},
		{0, same, "a", 0, nil}, {0, fails, "a", 0, failed},
	} {
		o := &object{data: "a", others: c.others}
		if err := swap.Change(t.Context(), o, c.change); !errors.Is(err, c.err) || o.data != c.data || o.swaps != c.swaps {
			t.Errorf("with %d others: %q after %d swaps, %v; want %q, %d, %v", c.others, o.data, o.swaps, err, c.data, c.swaps, c.err)
		}
	}
}
