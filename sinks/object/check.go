package object

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxKey  = 1024 // bytes; S3's limit
	maxMeta = 2048 // bytes of names and values; S3's limit

	// reserved is where a folder store keeps its own files. No store has objects
	// there, so that all stores accept the same keys.
	reserved = ".billwalk"
)

// checkKey refuses a key that S3, a folder or a log line cannot hold.
func checkKey(key string) error {
	switch {
	case len(key) > maxKey:
		return fmt.Errorf("%w %q...: longer than %d bytes", ErrKey, key[:64], maxKey)
	case !utf8.ValidString(key):
		return fmt.Errorf("%w %q: not UTF-8", ErrKey, key)
	case strings.ContainsFunc(key, func(r rune) bool { return r == '\\' || unicode.IsControl(r) }):
		return fmt.Errorf("%w %q: backslash or control character", ErrKey, key)
	case key == reserved || strings.HasPrefix(key, reserved+"/"):
		return fmt.Errorf("%w %q: %s is kept for the store itself", ErrKey, key, reserved)
	}
	for part := range strings.SplitSeq(key, "/") {
		if part == "" || part == "." || part == ".." {
			return fmt.Errorf("%w %q: a part between slashes is %q", ErrKey, key, part)
		}
	}
	return nil
}

// CheckPrefix refuses what cannot be the start of a key, with ErrKey. Every Store calls it.
func CheckPrefix(prefix string) error {
	if prefix == "" {
		return nil
	}
	// A prefix may end in the middle of a part, and be the start of the store's own name.
	return checkKey(prefix + "x")
}

// checkMeta refuses metadata that HTTP headers would change.
func checkMeta(meta map[string]string) error {
	size := 0
	for name, value := range meta {
		size += len(name) + len(value)
		if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return fmt.Errorf("metadata %q: want a name of a-z, 0-9 and -", name)
		}
		if value == "" || value != strings.TrimSpace(value) || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
			return fmt.Errorf("metadata %s: value %q: want printable ASCII, not empty, no space around it", name, value)
		}
	}
	if size > maxMeta {
		return fmt.Errorf("metadata of %d bytes: at most %d fit", size, maxMeta)
	}
	return nil
}

// CheckPut refuses arguments of Put that not every store can take, and returns the error
// of a context that has ended. Every Store calls it before it touches anything.
func CheckPut(ctx context.Context, key string, cond Condition, meta map[string]string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if err := cond.check(); err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	if err := checkMeta(meta); err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	return ctx.Err()
}

// CheckRead is CheckPut for Get and Head.
func CheckRead(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	return ctx.Err()
}
