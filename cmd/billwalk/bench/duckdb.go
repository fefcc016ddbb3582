package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// duckDBVersion is the newest that PyPI has; its Python module is newer than its command.
const duckDBVersion = "2.0.1"

// inPython runs the SQL that is its argument.
const inPython = "import duckdb, sys; duckdb.connect().execute(sys.argv[1])"

// duckDB runs SQL in a process of its own; nil is none.
type duckDB struct {
	version string
	env     []string
	command []string // before the SQL
}

// findDuckDB returns DuckDB as pip brings it, or else the command on the PATH.
func findDuckDB(ctx context.Context, c Config) (*duckDB, error) {
	if module, err := pythonModules(ctx, c, "duckdb", duckDBVersion); err == nil {
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

// pythonModules returns the environment in which Python finds a package. It is installed
// into the cache folder, where that is allowed and it is not there yet.
func pythonModules(ctx context.Context, c Config, name, version string) ([]string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(cache, "billwalk", "bench", name+"-"+version)
	env := []string{"PYTHONPATH=" + folder, "PYTHONNOUSERSITE=1"}
	if _, err := os.Stat(folder); err == nil {
		return env, nil
	}
	if !c.Install {
		return nil, errors.New("it is not in the cache folder")
	}
	fmt.Fprintf(c.Log, "installing %s %s into the cache folder\n", name, version)
	staged := folder + ".new"
	if err := os.RemoveAll(staged); err != nil {
		return nil, err
	}
	_, _, err = process{command: []string{"python3", "-m", "pip", "install", "--quiet", "--target", staged, name + "==" + version}}.run(ctx)
	if err != nil {
		return nil, err
	}
	return env, os.Rename(staged, folder)
}

// run runs a query of a day in a lake's folder. The query has :day, and :out for
// the folder or file that it writes.
func (d *duckDB) run(ctx context.Context, lake, query, day, out string) (usage, error) {
	query = strings.NewReplacer(":day", day, ":out", out).Replace(query)
	_, took, err := process{lake, d.env, append(d.command[:len(d.command):len(d.command)], "SET threads = 2;\n"+query)}.run(ctx)
	return took, err
}
