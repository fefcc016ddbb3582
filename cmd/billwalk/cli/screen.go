package cli

import (
	"io"
	"os"
	"sync"

	"golang.org/x/term"
)

// wipe goes to the beginning of the terminal's line and clears it.
const wipe = "\r\x1b[K"

// screen is a terminal whose last line shows progress. What is logged meanwhile
// stands above it. Safe for concurrent use.
type screen struct {
	terminal io.Writer
	width    func() int // columns; 0 where unknown

	mu   sync.Mutex
	line string // shown now
}

// Write writes a whole line of log above the progress.
func (s *screen) Write(line []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.line == "" {
		return s.terminal.Write(line)
	}
	if _, err := io.WriteString(s.terminal, wipe); err != nil {
		return 0, err
	}
	n, err := s.terminal.Write(line)
	if err == nil {
		_, err = io.WriteString(s.terminal, s.line)
	}
	return n, err
}

// show replaces the progress; an empty line takes it away.
func (s *screen) show(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.line = fit(line, s.width())
	_, _ = io.WriteString(s.terminal, wipe+s.line) // progress that cannot be shown is no reason to stop
}

// fit cuts the line to less than the terminal's width: a line that wraps cannot
// be drawn over. The line is ASCII, so that a character is a column.
func fit(line string, width int) string {
	if width > 1 && len(line) >= width {
		return line[:width-1]
	}
	return line
}

func width(terminal *os.File) int {
	columns, _, err := term.GetSize(int(terminal.Fd()))
	if err != nil {
		return 0
	}
	return columns
}
