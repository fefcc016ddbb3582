package schema

import (
	"errors"
	"fmt"
)

// A list of a million empty objects is 3 MB of text, and takes a hundred times as much
// memory. These are the sizes of list elements in memory, in bytes; in what billwalk writes
// they are smaller than their text.
const (
	unitMemory = 400      // an element of a manifest's outer lists
	itemMemory = 64       // an element of any other list
	freeMemory = 16 << 20 // in addition, for a list that only a later version knows
)

var errAmplified = errors.New("its lists have far more parts than billwalk writes")

// CheckLists refuses a JSON text whose lists would take more than four times its size in
// memory. It does not check whether the text is JSON.
func CheckLists(data []byte) error { return checkLists(data, itemMemory) }

func checkLists(data []byte, outer int) error {
	var (
		memory   int
		inString bool
		brackets []byte // the open ones
	)
	for i := 0; i < len(data); i++ {
		c := data[i]
		switch {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			brackets = append(brackets, c)
		case (c == '}' || c == ']') && len(brackets) > 0:
			brackets = brackets[:len(brackets)-1]
		case c == ',' && len(brackets) > 0 && brackets[len(brackets)-1] == '[':
			if len(brackets) == 2 {
				memory += outer
			} else {
				memory += itemMemory
			}
		}
	}
	if limit := freeMemory + 4*len(data); memory > limit {
		return fmt.Errorf("%w: %d bytes of text would take %d of memory", errAmplified, len(data), memory)
	}
	return nil
}
