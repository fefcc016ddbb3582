//go:build !linux

package object

import (
	"errors"
	"io/fs"
	"os"
)

const pathOnly = 0

func (t *tree) open(string, int, fs.FileMode) (*os.File, error) { return nil, errors.ErrUnsupported }
func (t *tree) rename(string, string) error                     { return errors.ErrUnsupported }
func (t *tree) remove(string) error                             { return errors.ErrUnsupported }
