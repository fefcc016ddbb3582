package schema

import (
	"errors"
	"fmt"
)

// A list of a million empty objects is a text of 3 MB, and a hundred times as much in
// memory. What billwalk writes takes less than its text.
const (
	unitMemory = 400      // bytes, of an element of a manifest's own lists
	itemMemory = 64       // of one of a list further in, or of a certificate's
	freeMemory = 16 << 20 // for a list that a later version may have, and this one passes over
)

var errAmplified = errors.New("its lists have far more parts than billwalk writes")

// CheckLists refuses a JSON text whose lists would take more than four times its
// size in memory. A text that is no JSON is left to its reader.
func CheckLists(data []byte) error { return checkLists(data, itemMemory) }

func checkLists(data []byte, outer int) error {
	var (
		memory   int
		inString bool
		brackets []byte // that are open
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
	if most := freeMemory + 4*len(data); memory > most {
		return fmt.Errorf("%w: %d bytes of text would take %d of memory", errAmplified, len(data), memory)
	}
	return nil
}
