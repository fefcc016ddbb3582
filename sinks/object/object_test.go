package object_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

func TestMain(m *testing.M) {
	if folder := os.Getenv(writerFolder); folder != "" {
		writeUntilKilled(folder)
		return
	}
	goleak.VerifyTestMain(m)
}

func TestMem(t *testing.T) {
	t.Parallel()
	objecttest.Run(t, func(*testing.T) object.Store { return objecttest.NewMem() })
	t.Run("hiding", func(t *testing.T) {
		objecttest.Run(t, func(*testing.T) object.Store { return object.Hiding(objecttest.NewMem(), strings.ToUpper) })
	})
}

func TestDir(t *testing.T) {
	t.Parallel()
	objecttest.Run(t, func(t *testing.T) object.Store { return open(t, "file:"+t.TempDir(), object.S3Options{}) })
}

func TestS3(t *testing.T) {
	server := objecttest.StartS3(t)
	store := open(t, server.URL, server.Options)
	if _, err := store.Put(t.Context(), "bills/x", strings.NewReader("plain"), object.IfAbsent(), nil); err != nil {
		t.Fatal(err)
	}
	if server.Dir != "" {
		if got, err := os.ReadFile(filepath.Join(server.Dir, "bills", "x")); string(got) != "plain" {
			t.Errorf("the server's folder has %q, %v; want the object as a plain file", got, err)
		}
	}
	objecttest.Run(t, func(t *testing.T) object.Store { return open(t, server.URL+"/"+rand.Text(), server.Options) })
}

func open(t *testing.T, url string, options object.S3Options) object.Store {
	t.Helper()
	store, err := object.Open(t.Context(), url, options)
	if err != nil {
		t.Fatal(err)
	}
	return store
}
