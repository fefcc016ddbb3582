package jobs

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Fault is one thing wrong with jobs.yaml or an accounts file. It never holds a
// secret, nor the value of a variable of the environment.
type Fault struct {
	Path         string // the file, as it was given
	Line, Column int    // counted from 1
	Text         string // what is wrong, and what would be right

	// owner is what alone suffers where the environment is at fault, an app, its
	// callbacks or a job ("apps.life", "callbacks.trade", "jobs.nightly"); empty for
	// everybody's faults.
	owner string
}

func (f Fault) String() string {
	return fmt.Sprintf("%s:%d:%d: %s", f.Path, f.Line, f.Column, f.Text)
}

// Faults is the error of a file that cannot be used: all its faults, jobs.yaml's
// before those of accounts files, by line.
type Faults []Fault

// maxShownFaults is how many faults are told: an accounts file may have one in each of
// its 300,000 lines.
const maxShownFaults = 200

// Error tells the faults, one per line.
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

// sorted puts main's faults first and drops repetitions, which come about when
// two jobs share an accounts file.
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

// quote shows the user's own text, shortened and with control bytes escaped.
func quote(text string) string {
	if runes := []rune(text); len(runes) > maxQuote {
		text = string(runes[:maxQuote]) + "…"
	}
	return strconv.Quote(text)
}

// didYouMean is `did you mean "x"? ` for the nearest of the names, or empty if
// none is near enough to have been meant.
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

// distance is the least number of inserted, deleted, replaced or swapped
// neighbouring letters that make b of a (optimal string alignment).
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
