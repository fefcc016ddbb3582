package jobs

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Fault is one mistake in jobs.yaml or an accounts file. It contains neither secrets nor
// values of environment variables.
type Fault struct {
	Path         string // of the file
	Line, Column int    // counted from 1
	Text         string // what is wrong, and what would be correct

	// owner is the section to which a fault of the environment is limited, such as
	// "apps.life", "callbacks.trade" or "jobs.nightly"; empty for a fault of the file.
	owner string
}

func (f Fault) String() string {
	return fmt.Sprintf("%s:%d:%d: %s", f.Path, f.Line, f.Column, f.Text)
}

// Faults is the error of a file that cannot be used: all its faults by line, those of
// jobs.yaml before those of accounts files.
type Faults []Fault

// maxShownFaults is the number of faults in a message: an accounts file may have one in
// each of its 300,000 lines.
const maxShownFaults = 200

// Error returns the faults, one per line.
func (f Faults) Error() string {
	var lines []string
	for _, fault := range f[:min(len(f), maxShownFaults)] {
		lines = append(lines, fault.String())
	}
	if more := len(f) - maxShownFaults; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(lines, "\n")
}

// sorted returns the faults with those of the main file first, and without repetitions,
// which occur if two jobs share an accounts file.
func (f Faults) sorted(main string) Faults {
	slices.SortStableFunc(f, func(a, b Fault) int {
		if (a.Path == main) != (b.Path == main) {
			if a.Path == main {
				return -1
			}
			return 1
		}
		return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.Compact(f)
}

const maxQuote = 64 // runes of the user's text that a message repeats

// quote returns the user's text in quotes, shortened and with control bytes escaped.
func quote(text string) string {
	if runes := []rune(text); len(runes) > maxQuote {
		text = string(runes[:maxQuote]) + "…"
	}
	return strconv.Quote(text)
}

// didYouMean returns `did you mean "x"? ` with the nearest of the names, or "" if none
// is near enough.
func didYouMean(text string, names []string) string {
	if len(text) > maxQuote || len(names) == 0 {
		return ""
	}
	nearest := slices.MinFunc(names, func(a, b string) int {
		return cmp.Compare(distance(text, a), distance(text, b))
	})
	if 2*distance(text, nearest) > max(len([]rune(text)), len([]rune(nearest))) {
		return ""
	}
	return fmt.Sprintf("did you mean %q? ", nearest)
}

// Nearest returns the names that differ from the text in the fewest letters, at most n
// of those that differ in less than half of them.
func Nearest(text string, names []string, n int) (nearest []string) {
	if len(text) > maxQuote {
		return nil
	}
	for _, name := range names {
		if 2*distance(text, name) < max(len([]rune(text)), len([]rune(name))) {
			nearest = append(nearest, name)
		}
	}
	slices.SortStableFunc(nearest, func(a, b string) int { return cmp.Compare(distance(text, a), distance(text, b)) })
	return nearest[:min(n, len(nearest))]
}

// distance returns the minimum number of letters to insert, delete, replace or swap with
// a neighbour to turn a into b (optimal string alignment).
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	before, above, row := make([]int, len(t)+1), make([]int, len(t)+1), make([]int, len(t)+1)
	for j := range row {
		row[j] = j
	}
	for i := range s {
		before, above, row = above, row, before
		row[0] = i + 1
		for j := range t {
			replace := above[j]
			if s[i] != t[j] {
				replace++
			}
			row[j+1] = min(replace, above[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && s[i] == t[j-1] && s[i-1] == t[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(t)]
}
