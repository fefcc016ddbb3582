package object_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"billwalk/sinks/object"
)

// Two writers read the same version of an object. The first one replaces it; the second one
// gets a conflict and reads again.
func Example_compareAndSwap() {
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "billwalk-example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	store, err := object.Open(ctx, "file:"+folder, object.S3Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	const key = "_manifests/day.json"
	base, err := store.Put(ctx, key, strings.NewReader("version 1"), object.IfAbsent(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, first := store.Put(ctx, key, strings.NewReader("version 2"), object.IfMatch(base.ETag), nil)
	_, second := store.Put(ctx, key, strings.NewReader("version 2, too"), object.IfMatch(base.ETag), nil)
	fmt.Println("first:", first, "second conflicts:", errors.Is(second, object.ErrConflict))
	content, _, err := object.ReadAll(ctx, store, key)
	fmt.Println(string(content), err)
	// Output:
	// first: <nil> second conflicts: true
	// version 2 <nil>
}
