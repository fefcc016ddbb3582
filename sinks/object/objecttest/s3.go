package objecttest

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"billwalk/sinks/object"
)

// S3 is a place on an S3 server, for one test. The credentials are in the
// environment as well, so that the test and its child processes find them.
type S3 struct {
	URL       string // "s3://bucket/prefix", with nothing there yet
	Options   object.S3Options
	Endpoint  string // "http://127.0.0.1:port"
	AccessKey string
	SecretKey string
	Dir       string // the folder with the URL's objects as plain files; "" on a server that is not ours
}

// StartS3 starts an S3 server on 127.0.0.1 that lives as long as the test, with
// its objects in a temporary folder. The first call on a machine builds it, from
// the module sinks/object/s3test, which takes a minute or two.
//
// Where BILLWALK_S3_ENDPOINT is set, that server is used instead, with its bucket
// BILLWALK_S3_BUCKET and the credentials AWS_ACCESS_KEY_ID and
// AWS_SECRET_ACCESS_KEY; what tests put there stays.
//
// It sets environment variables, so the test itself cannot be parallel; its
// subtests can.
func StartS3(t testing.TB) S3 {
	t.Helper()
	return startS3(t)
}

// StartVersionedS3 is StartS3 with a bucket that keeps the versions of its objects. Of a server that is
// not ours nobody knows whether it does.
func StartVersionedS3(t testing.TB) S3 {
	t.Helper()
	if os.Getenv("BILLWALK_S3_ENDPOINT") != "" {
		t.Skip("BILLWALK_S3_ENDPOINT is set: whether its bucket keeps versions is not known")
	}
	return startS3(t, "-versions")
}

func startS3(t testing.TB, flags ...string) S3 {
	t.Helper()
	if endpoint := os.Getenv("BILLWALK_S3_ENDPOINT"); endpoint != "" {
		return elsewhere(t, endpoint)
	}
	const bucket, prefix = "billwalk", "prod"
	binary := buildServer(t)
	accessKey, secretKey := "billwalk-test", rand.Text()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": accessKey, "AWS_SECRET_ACCESS_KEY": secretKey, "AWS_SESSION_TOKEN": "", "AWS_REGION": "us-east-1",
		// Nothing of the machine's own AWS settings may matter.
		"AWS_PROFILE": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
	folder := t.TempDir()
	endpoint := "http://" + startServer(t, binary, append(flags, "-folder", folder, "-bucket", bucket)...)
	return S3{
		URL:      "s3://" + bucket + "/" + prefix,
		Options:  object.S3Options{Endpoint: endpoint, Region: "us-east-1", PathStyle: true},
		Endpoint: endpoint, AccessKey: accessKey, SecretKey: secretKey,
		Dir: filepath.Join(folder, "objects", bucket, prefix),
	}
}

func elsewhere(t testing.TB, endpoint string) S3 {
	t.Helper()
	bucket, accessKey, secretKey := os.Getenv("BILLWALK_S3_BUCKET"), os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY")
	if bucket == "" || accessKey == "" || secretKey == "" {
		t.Fatal("BILLWALK_S3_ENDPOINT is set: set BILLWALK_S3_BUCKET, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, too")
	}
	return S3{
		URL:      "s3://" + bucket + "/billwalk-test/" + rand.Text(),
		Options:  object.S3Options{Endpoint: endpoint, Region: os.Getenv("AWS_REGION"), PathStyle: true},
		Endpoint: endpoint, AccessKey: accessKey, SecretKey: secretKey,
	}
}

// startServer runs the server until the test ends, and returns its address.
func startServer(t testing.TB, binary string, args ...string) string {
	t.Helper()
	server := exec.Command(binary, args...)
	server.Stderr = t.Output()
	stdin, err := server.StdinPipe() // closed with this process, at the latest
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatalf("start the S3 test server: %v", err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		if err := server.Wait(); err != nil {
			t.Errorf("the S3 test server: %v", err)
		}
	})
	address, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the S3 test server ended before it listened: %v", err)
	}
	return strings.TrimSpace(address)
}

// buildServer returns the server's binary from the user's cache, where it is built
// first if need be. The lock is for packages whose tests run at the same time.
func buildServer(t testing.TB) string {
	t.Helper()
	module, version := findModule(t)
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	cache = filepath.Join(cache, "billwalk")
	if err := os.MkdirAll(cache, 0o755); err != nil {
		t.Fatalf("make the cache folder for the S3 test server: %v", err)
	}
	lock := flock.New(filepath.Join(cache, "s3test.lock"))
	if _, err := lock.TryLockContext(t.Context(), 50*time.Millisecond); err != nil {
		t.Fatalf("wait for another build of the S3 test server: %v", err)
	}
	defer lock.Close()
	binary := filepath.Join(cache, "s3test-"+fingerprint(t, module, version))
	if _, err := os.Stat(binary); err == nil {
		return binary
	}
	t.Log("building the S3 test server, once on this machine")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", binary+".new", ".")
	build.Dir = module
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the S3 test server in %s: %v\n%s\nIts modules have to be downloaded once: check the network and GOPROXY, "+
			"or set BILLWALK_S3_ENDPOINT to test against another server.", module, err, output)
	}
	if err := os.Rename(binary+".new", binary); err != nil {
		t.Fatalf("keep the S3 test server: %v", err)
	}
	return binary
}

// findModule returns the folder of the server's module and the Go version.
func findModule(t testing.TB) (folder, version string) {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), "go", "env", "GOMOD", "GOVERSION").Output()
	if err != nil {
		t.Fatalf("go env, to build the S3 test server: %v", err)
	}
	root, version, _ := strings.Cut(strings.TrimSpace(string(output)), "\n")
	return filepath.Join(filepath.Dir(root), "sinks", "object", "s3test"), version
}

// fingerprint names a build by all that goes into it.
func fingerprint(t testing.TB, module, version string) string {
	t.Helper()
	hash := sha256.New()
	fmt.Fprintln(hash, version)
	names, err := filepath.Glob(filepath.Join(module, "*"))
	if err != nil || len(names) == 0 {
		t.Fatalf("find the S3 test server's module in %s: nothing there; call StartS3 from a folder of billwalk's", module)
	}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatalf("read the S3 test server's module: %v", err)
		}
		fmt.Fprintln(hash, filepath.Base(name), len(content))
		hash.Write(content)
	}
	return hex.EncodeToString(hash.Sum(nil))[:16]
}
