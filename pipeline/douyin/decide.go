package douyin

import (
	"strings"

	"billwalk/pipeline/normalise"
)

// generalCodes only name the module of the platform in which a call failed. Beside these
// a sub code decides, beside all others it does not.
var generalCodes = map[int64]bool{
	3000001: true, 5000001: true, 2100001: true, 2119002: true,
	2191000: true, 2191001: true, 2191002: true, 2191003: true, 2191004: true,
	2191005: true, 2191006: true, 2191007: true, 2191008: true, 2191009: true,
}

// farReaching ranks the remedies that affect more than one call: they decide wherever
// their code is.
var farReaching = [remedies]int{giveUpApp: 10, giveUpToday: 9, renewToken: 8, slowDown: 7}

// weight ranks the codes of an answer: the one with the greatest weight decides, of equal
// ones the first. An unknown code has less weight than any other.
func weight(c normalise.PlacedCode, known bool, found code) int {
	switch {
	case !known && strings.HasPrefix(c.Place, "data."): // mostly a copy of extra's
		return 0
	case !known:
		return 1
	case farReaching[found.remedy] > 0:
		return farReaching[found.remedy]
	case !c.Sub && generalCodes[c.N]:
		return 2
	case found.remedy == notFound:
		return 3
	case c.Sub:
		return 4
	case found.remedy == giveUpAccount:
		return 6
	default:
		return 5
	}
}

// decision is the code that decides about an answer.
type decision struct {
	code
	main, sub int64 // error_code and sub_error_code; 0 if there is none
}

// decide returns what to do about an answer with these codes. ok is false if all are 0.
func decide(placed []normalise.PlacedCode, texts string) (d decision, ok bool) {
	best := [2]int{-1, -1} // weights of the codes, and of the sub codes
	for _, c := range placed {
		if c.N == 0 {
			continue
		}
		found, known := lookUp(c.N, c.Sub, texts)
		w, kind, number := weight(c, known, found), 0, &d.main
		if c.Sub {
			kind, number = 1, &d.sub
		}
		if w > max(best[0], best[1]) {
			d.code, ok = found, true
		}
		if w > best[kind] {
			best[kind], *number = w, c.N
		}
	}
	return d, ok
}
