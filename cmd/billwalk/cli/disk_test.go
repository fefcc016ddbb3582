package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"billwalk/pipeline"
	"billwalk/sinks/object/objecttest"
)

// smallDiskMain is billwalk on a disk that is full: a file that would grow beyond
// $BILLWALK_DISK bytes is an error, as where there is no space left.
func smallDiskMain() {
	most, err := strconv.ParseUint(os.Getenv("BILLWALK_DISK"), 10, 64)
	if err != nil {
		panic(err)
	}
	signal.Ignore(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: most, Max: most}); err != nil {
		panic(err)
	}
	Execute("")
}

// command runs a program with variables added to the environment.
func command(t *testing.T, env []string, name string, args ...string) (code int, said string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), env...)
	var text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &text
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), text.String()
}

// diskJob is a job of one day, which the tests below strike at any of its files,
// and the arguments that run it.
func diskJob(t *testing.T, lake lakePlace) (job, *served, []string) {
	world := testWorld(12, 60)
	world.Healthy, world.Accounts = true, 4
	platform := serve(t, world)
	j := job{lake: lake, platform: platform.url, accounts: platform.Accounts(), qps: 5000, trade: 5000}
	return j, platform, []string{"run", "nightly", "--config", j.write(t), "--from", firstDay.String()}
}

// nothingDone says that a run has failed as a whole, or unit by unit.
func nothingDone(code int) bool {
	return code == pipeline.ExitFailed || code == pipeline.ExitIncomplete
}

// checkUnhurt wants every object below a folder to be whole.
func checkUnhurt(t *testing.T, folder string) {
	t.Helper()
	checkStored(t, folder, nil) // reads all of them
	manifests, err := filepath.Glob(filepath.Join(folder, "_manifests", "*", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range manifests {
		if text, err := os.ReadFile(path); err != nil || !json.Valid(text) {
			t.Errorf("%s is half a manifest: %v", path, err)
		}
	}
}

// checkHealed runs the job again, now that there is nothing in its way.
func checkHealed(t *testing.T, lake lakePlace, platform *served, args []string) {
	t.Helper()
	if code, said := command(t, nil, "billwalk", args...); code != pipeline.ExitDone {
		t.Fatalf("healed: exit %d\n%s", code, said)
	}
	requireDuckDB(t)
	checkLake(t, lake, platform, firstDay, firstDay)
}

// TestDiskFull lets no file grow beyond a size, from nothing at all up to what the
// day needs: wherever that strikes, the run fails and names the file, what is
// published is whole, and the next run heals it.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	named := regexp.MustCompile(`/\S+: file too large`)
	failed := 0
	for size := uint64(0); ; size = max(500, 4*size) {
		lake := folderLake(t)
		_, platform, args := diskJob(t, lake)
		code, said := command(t, []string{fmt.Sprint("BILLWALK_DISK=", size)}, "billwalk-small-disk", args...)
		checkUnhurt(t, lake.sql)
		if code == pipeline.ExitDone {
			break
		}
		failed++
		if !nothingDone(code) || !named.MatchString(said) {
			t.Errorf("%d bytes: exit %d, want 1 or 3 and the file's name\n%s", size, code, said)
		}
		checkHealed(t, lake, platform, args)
	}
	if failed < 3 {
		t.Errorf("%d sizes were too small: nothing was tested", failed)
	}
}

// TestNoLocalFolder: the folder for temporary files is missing, or none at all.
func TestNoLocalFolder(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{filepath.Join(t.TempDir(), "missing"), file} {
		lake := folderLake(t)
		_, platform, args := diskJob(t, lake)
		code, said := command(t, []string{"TMPDIR=" + folder}, "billwalk", args...)
		if code != pipeline.ExitFailed || !strings.Contains(said, folder) || strings.Contains(said, "panic") {
			t.Errorf("TMPDIR=%s: exit %d, want 1 and the folder's name\n%s", folder, code, said)
		}
		checkHealed(t, lake, platform, args)
	}
}

// TestLakeInTheWay: a folder of the lake cannot be made, as where the lake is read
// only. The run fails and says where; once it can be written to, the day is whole.
func TestLakeInTheWay(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"archive", "bills", "exceptions", "_manifests", ".billwalk"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lake := folderLake(t)
			_, platform, args := diskJob(t, lake)
			obstacle := filepath.Join(lake.sql, name)
			if err := errors.Join(os.Mkdir(lake.sql, 0o755), os.WriteFile(obstacle, []byte("in the way"), 0o600)); err != nil {
				t.Fatal(err)
			}
			code, said := command(t, nil, "billwalk", args...)
			if !nothingDone(code) || !strings.Contains(said, name) || !strings.Contains(said, lake.sql) {
				t.Errorf("exit %d, want 1 or 3 and the name of what is in the way\n%s", code, said)
			}
			if err := os.Remove(obstacle); err != nil {
				t.Fatal(err)
			}
			checkUnhurt(t, lake.sql)
			checkHealed(t, lake, platform, args)
		})
	}
}

// TestBucketReadOnly: a bucket that takes no PUT, with the store's own words for
// it, which are fit for a terminal whatever they hold.
func TestBucketReadOnly(t *testing.T) {
	s3 := objecttest.StartS3(t)
	target, err := url.Parse(s3.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host // which is signed
	}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPut && r.Method != http.MethodPost {
			proxy.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprint(w, "<Error><Code>AccessDenied</Code><Message>not \u009b31m for\u202e you &#13;billwalk: done</Message></Error>")
	}))
	t.Cleanup(server.Close)
	lake := bucketLake(s3, "read-only")
	_, platform, healed := diskJob(t, lake)
	closed := lake
	closed.options.Endpoint = server.URL
	j := job{lake: closed, platform: platform.url, accounts: platform.Accounts(), qps: 5000, trade: 5000}
	code, said := command(t, nil, "billwalk", "run", "nightly", "--config", j.write(t), "--from", firstDay.String())
	if code != usageExit || !strings.Contains(said, "AccessDenied") || !strings.Contains(said, lake.url) {
		t.Errorf("exit %d, want 2 and what was denied where\n%s", code, said)
	}
	checkPlain(t, said)
	checkHealed(t, lake, platform, healed)
}
