package jobs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// maxBytes bounds jobs.yaml and each accounts file; 16 MiB are some 300,000 accounts.
const maxBytes = 16 << 20

// Load reads the jobs.yaml at path and the accounts files that it names, relative to it.
// env looks up variables like os.LookupEnv. The error is [Faults] if the file has any,
// and wraps fs.ErrNotExist if there is none.
func Load(path string, env func(string) (string, bool)) (*File, error) {
	data, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: name a jobs.yaml with --config, or try `billwalk demo`, which needs none", err)
	}
	if err != nil {
		return nil, err
	}
	return Parse(data, path, env, readFile)
}

// Parse reads the text of a jobs.yaml. path is its name in messages; the names of
// accounts files are relative to it, and readFile reads them.
func Parse(data []byte, path string, env func(string) (string, bool), readFile func(path string) ([]byte, error)) (*File, error) {
	r := &reader{path: path, env: env, readFile: readFile}
	file := &File{path: path}
	if root := r.document(data); root != nil {
		r.file(root, file)
	}
	faults := r.faults.sorted(path)
	if slices.ContainsFunc(faults, func(f Fault) bool { return f.owner == "" }) {
		return nil, faults
	}
	file.pending, file.hidden = faults, &r.hidden
	return file, nil
}

// document parses the single YAML document of a jobs.yaml.
func (r *reader) document(data []byte) *yaml.Node {
	start := place{r.path, 1, 1}
	if at, ok := badText(data); ok {
		r.fault(place{r.path, at.line, at.column}, "this is not UTF-8 text: save the file as UTF-8")
		return nil
	}
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	if err != nil {
		r.fault(start, "cannot be read as YAML")
		return nil
	}
	var document, second yaml.Node
	if err := loader.Load(&document); errors.Is(err, io.EOF) {
		r.fault(start, "the file is empty: begin with version: 1")
		return nil
	} else if err != nil {
		r.syntax(err)
		return nil
	}
	if err := loader.Load(&second); err == nil {
		r.fault(r.at(&second), "a second document begins here: a jobs.yaml is one, without ---")
	} else if !errors.Is(err, io.EOF) {
		r.syntax(err)
	}
	return document.Content[0]
}

// syntax reports an error of the YAML parser. It does not repeat the name of an anchor,
// because a secret that begins with * looks like one.
func (r *reader) syntax(err error) {
	at, text := place{r.path, 1, 1}, "it cannot be parsed"
	if load, ok := errors.AsType[*yaml.LoadError](err); ok {
		if load.Mark.Line > 0 {
			at.line, at.column = load.Mark.Line, max(load.Mark.Column, 1)
		}
		text = load.Message
	}
	if strings.Contains(text, "anchor") {
		text = "* begins an alias: put a text that begins with * in quotes"
	}
	r.fault(at, "this is not YAML: %s", text)
}

func readFile(path string) ([]byte, error) {
	file, err := os.Open(filepath.Clean(path))
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // only read from
	data, err := io.ReadAll(io.LimitReader(file, maxBytes+1))
	if err == nil && len(data) > maxBytes {
		err = &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("larger than %d MiB", maxBytes>>20)}
	}
	return data, err
}
