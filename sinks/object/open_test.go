package object_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		url     string
		options object.S3Options
		want    string // in the error
	}{
		{"", object.S3Options{}, "want s3://bucket/prefix or file:folder"},
		{"lake", object.S3Options{}, "want s3://bucket/prefix or file:folder"},
		{"gs://bucket/prefix", object.S3Options{}, "want s3://bucket/prefix or file:folder"},
		{"s3:bucket", object.S3Options{}, "want s3://bucket/prefix"},
		{"s3://", object.S3Options{}, "want s3://bucket/prefix"},
		{"s3:///prefix", object.S3Options{}, "want s3://bucket/prefix"},
		{"s3://my bucket/x", object.S3Options{}, "want s3://bucket/prefix"},
		{"s3://bucket/a//b", object.S3Options{}, "the prefix"},
		{"s3://bucket/../b", object.S3Options{}, "the prefix"},
		{"s3://bucket/a?region=x", object.S3Options{}, "settings of their own"},
		{"s3://bucket/a", object.S3Options{Endpoint: "localhost:9000"}, "want http://host"},
		{"s3://bucket/a", object.S3Options{Endpoint: "127.0.0.1:9000"}, "want http://host"},
		{"s3://bucket/a", object.S3Options{Endpoint: "ftp://host"}, "want http://host"},
		{"file:", object.S3Options{}, "for example file:lake"},
		{"file://host/lake", object.S3Options{}, "names a host"},
		{"file:" + file, object.S3Options{}, file},
	} {
		store, err := object.Open(t.Context(), c.url, c.options)
		if store != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Open(%q, %+v) = %v, %v; want an error with %q", c.url, c.options, store, err, c.want)
		}
	}
}

// All forms of the URL of a folder, relative to the working directory or not.
func TestOpenFolder(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	for i, url := range []string{"file:lake", "file:./lake/", "file:" + folder + "/lake", "file://" + folder + "/lake"} {
		store := open(t, url, object.S3Options{})
		key := string(rune('a' + i))
		if _, err := store.Put(t.Context(), key, bytes.NewReader([]byte(url)), object.IfAbsent(), nil); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(folder, "lake", key)); string(got) != url {
			t.Errorf("%s: the folder has %q, %v", url, got, err)
		}
	}
}

// TestPrefix: two prefixes of one store are two stores, even if one begins like the other.
func TestPrefix(t *testing.T) {
	t.Parallel()
	whole := objecttest.NewMem()
	short, long := object.Below(whole, "prod"), object.Below(whole, "prod2/x")
	for _, store := range []object.Store{short, long} {
		if _, err := store.Put(t.Context(), "a/b", bytes.NewReader(nil), object.IfAbsent(), nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		store object.Store
		want  []string
	}{{whole, []string{"prod/a/b", "prod2/x/a/b"}}, {short, []string{"a/b"}}, {long, []string{"a/b"}}} {
		var got []string
		for info, err := range c.store.List(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, info.Key)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("List = %q, want %q", got, c.want)
		}
	}
	head, err := short.Head(t.Context(), "a/b")
	if err != nil || head.Key != "a/b" {
		t.Errorf("Head = %+v, %v; want the key below the prefix", head, err)
	}
}
