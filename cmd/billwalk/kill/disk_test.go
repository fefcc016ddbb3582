package kill

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/cli"
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
	cli.Execute("")
}

// diskJob is a job of one day, which the tests below strike at any of its files,
// and the arguments that run it.
func diskJob(t *testing.T, lake billwalktest.Place) (billwalktest.Job, *billwalktest.Served, []string) {
	world := billwalktest.World(12, 60)
	world.Healthy, world.Accounts = true, 4
	platform := billwalktest.Serve(t, world)
	j := billwalktest.Job{Lake: lake, Platform: platform.URL, Accounts: platform.Accounts(), QPS: 5000, Trade: 5000}
	return j, platform, []string{"run", "nightly", "--config", j.Write(t), "--from", billwalktest.FirstDay.String()}
}

// nothingDone says that a run has failed as a whole, or unit by unit.
func nothingDone(code int) bool {
	return code == pipeline.ExitFailed || code == pipeline.ExitIncomplete
}

// checkUnhurt wants every object below a folder to be whole.
func checkUnhurt(t *testing.T, folder string) {
	t.Helper()
	billwalktest.CheckStored(t, folder, nil) // reads all of them
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
func checkHealed(t *testing.T, lake billwalktest.Place, platform *billwalktest.Served, args []string) {
	t.Helper()
	if code, said := billwalktest.Command(t, nil, "billwalk", args...); code != pipeline.ExitDone {
		t.Fatalf("healed: exit %d\n%s", code, said)
	}
	billwalktest.RequireDuckDB(t)
	billwalktest.CheckLake(t, lake, platform, billwalktest.FirstDay, billwalktest.FirstDay)
}

// TestDiskFull lets no file grow beyond a size, from nothing at all up to what the
// day needs: wherever that strikes, the run fails and names the file, what is
// published is whole, and the next run heals it.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	named := regexp.MustCompile(`/\S+: file too large`)
	failed := 0
	for size := uint64(0); ; size = max(500, 4*size) {
		lake := billwalktest.FolderLake(t)
		_, platform, args := diskJob(t, lake)
		code, said := billwalktest.Command(t, []string{fmt.Sprint("BILLWALK_DISK=", size)}, "billwalk-small-disk", args...)
		checkUnhurt(t, lake.SQL)
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
		lake := billwalktest.FolderLake(t)
		_, platform, args := diskJob(t, lake)
		code, said := billwalktest.Command(t, []string{"TMPDIR=" + folder}, "billwalk", args...)
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
			lake := billwalktest.FolderLake(t)
			_, platform, args := diskJob(t, lake)
			obstacle := filepath.Join(lake.SQL, name)
			if err := errors.Join(os.Mkdir(lake.SQL, 0o755), os.WriteFile(obstacle, []byte("in the way"), 0o600)); err != nil {
				t.Fatal(err)
			}
			code, said := billwalktest.Command(t, nil, "billwalk", args...)
			if !nothingDone(code) || !strings.Contains(said, name) || !strings.Contains(said, lake.SQL) {
				t.Errorf("exit %d, want 1 or 3 and the name of what is in the way\n%s", code, said)
			}
			if err := os.Remove(obstacle); err != nil {
				t.Fatal(err)
			}
			checkUnhurt(t, lake.SQL)
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
	lake := billwalktest.BucketLake(s3, "read-only")
	_, platform, healed := diskJob(t, lake)
	closed := lake
	closed.Options.Endpoint = server.URL
	j := billwalktest.Job{Lake: closed, Platform: platform.URL, Accounts: platform.Accounts(), QPS: 5000, Trade: 5000}
	code, said := billwalktest.Command(t, nil, "billwalk", "run", "nightly", "--config", j.Write(t), "--from", billwalktest.FirstDay.String())
	if code != billwalktest.ExitUsage || !strings.Contains(said, "AccessDenied") || !strings.Contains(said, lake.URL) {
		t.Errorf("exit %d, want 2 and what was denied where\n%s", code, said)
	}
	billwalktest.CheckPlain(t, said)
	checkHealed(t, lake, platform, healed)
}
