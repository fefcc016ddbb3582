package spill_test

import (
	"fmt"

	"billwalk/pipeline/spill"
)

// Records are found again by their places, of which a program can keep millions in memory.
func ExampleRecords() {
	records, err := spill.NewRecords("answers")
	if err != nil {
		panic(err)
	}
	defer records.Close()
	var places []spill.Place
	for _, answer := range []string{"the first answer", "the second one"} {
		place, err := records.Add([]byte(answer))
		if err != nil {
			panic(err)
		}
		places = append(places, place)
	}
	second, err := records.Read(places[1])
	fmt.Println(string(second), err)
	// Output: the second one <nil>
}
