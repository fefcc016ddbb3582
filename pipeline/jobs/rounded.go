package jobs

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// A float64 holds 53 bits of a whole number, and a spreadsheet 15 digits. A program that
// reads a longer id as such a number writes another id, which is valid.
const (
	floatBits         = 53
	spreadsheetDigits = 15

	maxDoubtedChance = 1.0 / 256  // an id that looks rounded with at most this chance is reported
	maxListChance    = 1.0 / 1000 // all ids are reported if they all look rounded with at most this chance
)

// roundedChance returns the chance that a correct id looks rounded like this one: a
// multiple of the precision of a float64 of its size, or the shortest decimal of such a
// float followed by zeros. It is 1 for an id that does not look rounded.
func roundedChance(id string) float64 {
	n, ok := new(big.Int).SetString(id, 10)
	if !ok {
		return 1
	}
	chance := 1.0
	zeros := len(id) - len(strings.TrimRight(id, "0"))
	if step := n.BitLen() - floatBits; step > 0 {
		if int(n.TrailingZeroBits()) >= step {
			chance = math.Ldexp(1, -step)
		}
		f, err := strconv.ParseFloat(id, 64)
		if err == nil && strconv.FormatFloat(f, 'f', -1, 64) == id {
			chance = min(chance, math.Pow10(-zeros))
		}
	}
	if fitsSpreadsheet(id) {
		chance = min(chance, math.Pow10(-zeros))
	}
	return chance
}

// fitsSpreadsheet reports whether a long id has only zeros after the digits that a
// spreadsheet keeps.
func fitsSpreadsheet(id string) bool {
	return len(id) > spreadsheetDigits && strings.Trim(id[spreadsheetDigits:], "0") == ""
}

// beyondFloat reports whether a float64 cannot hold every id of this size.
func beyondFloat(id string) bool {
	n, ok := new(big.Int).SetString(id, 10)
	return ok && n.BitLen() > floatBits
}

// warnOfRounded adds one warning about all ids that look rounded. Some correct ids do,
// too: in a long list, a single one proves nothing.
func (l *accountList) warnOfRounded() {
	var doubtful, looking []value
	large, allChance, largest := 0, 1.0, 0.0
	for _, id := range l.idsAsRead {
		chance := roundedChance(id.text)
		if beyondFloat(id.text) {
			large++
			allChance *= chance
		}
		if chance < 1 {
			looking = append(looking, id)
		}
		if chance <= maxDoubtedChance || fitsSpreadsheet(id.text) {
			doubtful, largest = append(doubtful, id), max(largest, chance)
		}
	}
	if large > 0 && len(looking) == large && allChance <= maxListChance {
		doubtful, largest = looking, max(largest, allChance)
	}
	if len(doubtful) == 0 {
		return
	}
	l.warnings = append(l.warnings, fmt.Sprintf("%s: %s. 账号 id 疑似被当作数字取整,请与控制台核对,并把该列存为文本; compare with the console, and keep the column as text",
		linesOf(doubtful), roundedText(doubtful, len(l.idsAsRead), largest)))
}

// roundedText says which ids look rounded, and how often correct ids do.
func roundedText(doubtful []value, of int, chance float64) string {
	first := ""
	if len(doubtful[0].variables) == 0 {
		first = " " + doubtful[0].text
	}
	rare := fmt.Sprintf("by chance, one whole id in %.0f does", 1/chance)
	if len(doubtful) == 1 {
		return fmt.Sprintf("account%s, of %d, looks as if JSON, pandas or a spreadsheet had rounded it; %s", first, of, rare)
	}
	return fmt.Sprintf("%d of %d accounts, the first%s, look as if JSON, pandas or a spreadsheet had rounded them; %s", len(doubtful), of, first, rare)
}

const maxShownLines = 20 // line numbers in a warning

// linesOf returns the file of the values and their line numbers.
func linesOf(values []value) string {
	var lines []string
	for _, v := range values[:min(len(values), maxShownLines)] {
		lines = append(lines, strconv.Itoa(v.line))
	}
	text := values[0].path + ":" + strings.Join(lines, ",")
	if more := len(values) - maxShownLines; more > 0 {
		text += fmt.Sprintf(" and %d more lines", more)
	}
	return text
}
