//go:build !linux

package object

import (
	"errors"
	"io/fs"
	"os"
)

func openUnnamed(*tree, string, fs.FileMode) (*os.File, error) { return nil, errors.ErrUnsupported }

func linkUnnamed(_, _ *os.File, _ string) error { return errors.ErrUnsupported }
