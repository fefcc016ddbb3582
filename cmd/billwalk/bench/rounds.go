package bench

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"time"
)

// measure is what one turn of a contender took and made.
type measure struct {
	usage
	rows  int64
	bytes int64 // of the files that it wrote

	platform time.Duration // of CPU, that the platform took beside it; 0 without one
}

// contender is one of those that take turns.
type contender struct {
	name  string
	turn  func(ctx context.Context, round int) (measure, error)
	turns []measure
}

// takeTurns runs all contenders once a round. One that does not count its rows has as many as
// the first.
func takeTurns(ctx context.Context, log io.Writer, rounds int, contenders []*contender) error {
	for round := range rounds {
		for _, c := range contenders {
			m, err := c.turn(ctx, round)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			fmt.Fprintf(log, "round %d of %d: %s: %.1f s, %.1f s of CPU\n", round+1, rounds, c.name, m.wall.Seconds(), m.cpu.Seconds())
			if m.rows == 0 {
				m.rows = contenders[0].turns[0].rows
			}
			c.turns = append(c.turns, m)
		}
	}
	return nil
}

// median returns the median of each value. Rows and bytes are those of the last turn.
func (c *contender) median() measure {
	m := c.turns[len(c.turns)-1]
	m.wall = medianOf(c.turns, func(m measure) time.Duration { return m.wall })
	m.cpu = medianOf(c.turns, func(m measure) time.Duration { return m.cpu })
	m.platform = medianOf(c.turns, func(m measure) time.Duration { return m.platform })
	m.peak = medianOf(c.turns, func(m measure) int64 { return m.peak })
	return m
}

func medianOf[V cmp.Ordered](turns []measure, value func(measure) V) V {
	values := make([]V, len(turns))
	for i, m := range turns {
		values[i] = value(m)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
