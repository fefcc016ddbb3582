package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// pythonModules returns the environment in which Python finds a package. It is installed
// into the cache folder, where that is allowed and it is not there yet.
func (b *bench) pythonModules(ctx context.Context, name, version string, extras ...string) ([]string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(cache, "billwalk", "bench", name+"-"+version)
	env := []string{"PYTHONPATH=" + folder, "PYTHONNOUSERSITE=1"}
	if _, err := os.Stat(folder); err == nil {
		return env, nil
	}
	if !b.Install {
		return nil, errors.New("it is not in the cache folder")
	}
	fmt.Fprintf(b.Log, "installing %s %s into the cache folder\n", name, version)
	requirement := name + "==" + version
	if len(extras) > 0 {
		requirement = name + "[" + strings.Join(extras, ",") + "]==" + version
	}
	staged := folder + ".new"
	if err := os.RemoveAll(staged); err != nil {
		return nil, err
	}
	_, _, err = process{command: []string{"python3", "-m", "pip", "install", "--quiet", "--target", staged, requirement}}.run(ctx)
	if err != nil {
		return nil, err
	}
	return env, os.Rename(staged, folder)
}
