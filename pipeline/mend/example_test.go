package mend_test

import (
	"fmt"

	"billwalk/pipeline/mend"
)

// A writer cut the name of a dish in the middle of a character.
func Example() {
	received := []byte(`{"group_name":"牛肉面 \ud83c"}`)
	fmt.Println(mend.Places(received))
	fmt.Println(string(mend.Text(received)))
	// Output:
	// group_name
	// {"group_name":"牛肉面 �"}
}
