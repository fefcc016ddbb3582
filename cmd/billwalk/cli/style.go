package cli

import (
	"io"
	"os"

	"golang.org/x/term"
)

// style is how a text stands out on a terminal: parameters of the sequence ESC[…m.
type style string

const (
	bold   style = "1"
	red    style = "31"
	yellow style = "33"
)

func (s style) paint(text string, styled bool) string {
	if s == "" || !styled {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// takesStyle reports whether what is written is shown in colour: on a terminal, unless
// NO_COLOR is set (https://no-color.org) or the terminal knows none.
func takesStyle(out io.Writer, env func(string) string) bool {
	file, ok := out.(*os.File)
	return ok && env("NO_COLOR") == "" && env("TERM") != "dumb" && term.IsTerminal(int(file.Fd()))
}
