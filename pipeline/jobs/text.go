package jobs

import (
	"errors"
	"io/fs"
	"strings"
	"unicode/utf8"
)

// badText returns the place of the first byte that is not UTF-8, or is a control
// character such as the zeros of UTF-16.
func badText(data []byte) (at place, bad bool) {
	at.line, at.column = 1, 1
	for len(data) > 0 {
		char, size := utf8.DecodeRune(data)
		if char == utf8.RuneError && size == 1 || char < ' ' && !strings.ContainsRune("\t\r\n", char) {
			return at, true
		}
		at.column++
		if char == '\n' {
			at.line, at.column = at.line+1, 1
		}
		data = data[size:]
	}
	return at, false
}

// fileError returns an error of the file system without the path, which may have come
// from the environment.
func fileError(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}
