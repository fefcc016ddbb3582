package bench

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// duckDBVersion is the newest that PyPI has; its Python module is newer than its command.
const duckDBVersion = "2.0.1"

// inPython runs the SQL that is its argument.
const inPython = "import duckdb, sys; duckdb.connect().execute(sys.argv[1])"

const noDuckDB = "DuckDB is skipped: pip does not bring it, and there is no duckdb command on the PATH"

// duckDB runs SQL in a process of its own; nil is none.
type duckDB struct {
	version string
	env     []string
	command []string // before the SQL
}

// findDuckDB returns DuckDB as pip brings it, or else the command on the PATH.
func (b *bench) findDuckDB(ctx context.Context) (*duckDB, error) {
	if module, err := b.pythonModules(ctx, "duckdb", duckDBVersion); err == nil {
		return &duckDB{duckDBVersion, module, []string{"python3", "-c", inPython}}, nil
	} else if ctx.Err() != nil {
		return nil, err
	}
	path, err := exec.LookPath("duckdb")
	if err != nil {
		return nil, nil
	}
	out, _, err := process{command: []string{path, "--version"}}.run(ctx)
	if err != nil {
		return nil, err
	}
	return &duckDB{strings.TrimPrefix(strings.Fields(string(out))[0], "v"), nil, []string{path, "-c"}}, nil
}

// run runs a query of a day in a lake's folder. The query has :day, and :out for
// the folder that it writes to. The measure is of the files there.
func (d *duckDB) run(ctx context.Context, source archived, query, out string) (measure, error) {
	if err := errors.Join(os.RemoveAll(out), os.MkdirAll(out, 0o700)); err != nil {
		return measure{}, err
	}
	query = "SET threads = 2;\nSET temp_directory = ':out/spilled';\n" + query
	query = strings.NewReplacer(":day", source.day, ":out", out).Replace(query)
	_, took, err := process{source.lake, d.env, append(slices.Clone(d.command), query)}.run(ctx)
	if err != nil {
		return measure{}, err
	}
	bytes, err := sizeOf(out)
	return measure{usage: took, bytes: bytes}, err
}

// sizeOf adds up the Parquet files in a folder.
func sizeOf(folder string) (bytes int64, err error) {
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".parquet" {
			return err
		}
		file, err := entry.Info()
		if err == nil {
			bytes += file.Size()
		}
		return err
	})
	return bytes, err
}
