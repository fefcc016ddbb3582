package object_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// TestVersions: an object's versions are listed and read, the newest first, and are read by anyone at a signed address, whatever
// became of the object.
func TestVersions(t *testing.T) {
	server := objecttest.StartVersionedS3(t)
	store, err := object.Open(t.Context(), server.URL, server.Options)
	if err != nil {
		t.Fatal(err)
	}
	const key = "餐厅 a+b/bill_date=2026-10-01/[1]*%3D.json"
	var want []object.Version
	for i, content := range []string{"first", "second", "third"} {
		info, err := store.Put(t.Context(), key, strings.NewReader(content), object.Always(), nil)
		if err != nil {
			t.Fatal(err)
		}
		want = append([]object.Version{{Key: key, ETag: info.ETag, Latest: i == 2}}, want...)
	}
	versions, err := object.OpenVersions(t.Context(), object.Hiding(store, func(text string) string { return text }))
	if err != nil {
		t.Fatal(err)
	}
	var got []object.Version
	for v, err := range versions.List(t.Context(), "餐厅 a+b/") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, v)
	}
	for i := range min(len(got), len(want)) {
		want[i].ID = got[i].ID
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("versions (-want +got):\n%s", diff)
	}
	signer, err := versions.Signer(t.Context(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if left := time.Until(signer.Until); left > time.Hour || left < 30*time.Minute {
		t.Errorf("the addresses hold until %s", signer.Until)
	}
	for i, content := range []string{"third", "second", "first"} {
		data, err := versions.Read(t.Context(), got[i])
		if err != nil || string(data) != content {
			t.Errorf("version %d: %q, %v, want %q", i, data, err, content)
		}
		address, err := signer.Sign(t.Context(), got[i])
		if err != nil || !strings.Contains(address, "/bill_date=2026-10-01/") || strings.Contains(address, server.SecretKey) {
			t.Errorf("address %s, %v", address, err)
		}
		answer, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		data, err = io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK || string(data) != content {
			t.Errorf("version %d by its address: %s, %q, %v, want %q", i, answer.Status, data, err, content)
		}
	}
	lost := got[0]
	lost.ID = "01M8HT9K63RA96KACTESESP6KZ"
	if _, err := versions.Read(t.Context(), lost); !errors.Is(err, object.ErrNotFound) {
		t.Errorf("a version that is not there: %v", err)
	}
}

// TestNoVersions: a folder has none, nor a bucket in which they are not switched on.
func TestNoVersions(t *testing.T) {
	server := objecttest.StartS3(t)
	for _, url := range []string{"file:" + t.TempDir(), server.URL} {
		store, err := object.Open(t.Context(), url, server.Options)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := object.OpenVersions(t.Context(), store); !errors.Is(err, object.ErrNoVersions) {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// TestSignerCredentials: an address does not outlive the credentials that signed it.
func TestSignerCredentials(t *testing.T) {
	server := objecttest.StartVersionedS3(t)
	ends := time.Now().Add(2 * time.Hour).UTC().Truncate(time.Second)
	folder := t.TempDir()
	keys, profile := filepath.Join(folder, "keys.json"), filepath.Join(folder, "config")
	for path, text := range map[string]string{
		keys:    fmt.Sprintf(`{"Version": 1, "AccessKeyId": %q, "SecretAccessKey": %q, "Expiration": %q}`, server.AccessKey, server.SecretKey, ends.Format(time.RFC3339)),
		profile: "[default]\ncredential_process = cat " + keys + "\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	t.Setenv("AWS_CONFIG_FILE", profile)
	store, err := object.Open(t.Context(), server.URL, server.Options)
	if err != nil {
		t.Fatal(err)
	}
	versions, err := object.OpenVersions(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := versions.Signer(t.Context(), object.MaxSigned)
	if err != nil || !signer.Until.Equal(ends) {
		t.Errorf("the addresses hold until %s, %v, want %s", signer.Until, err, ends)
	}
}
