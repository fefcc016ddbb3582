// Command s3test is an S3 server for tests: versitygw on a free port of 127.0.0.1, with
// every object a plain file under FOLDER/objects/BUCKET. It prints its address as one line
// once it answers, and ends with its standard input, so that it does not outlive the test
// that started it.
//
// It is a separate module, so that billwalk does not depend on the server.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
	"github.com/versity/versitygw/s3api"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("s3test: ")
	folder := flag.String("folder", "", "a folder for the objects and their metadata")
	bucket := flag.String("bucket", "", "the bucket to create")
	versions := flag.Bool("versions", false, "keep the versions of objects; the filesystem needs extended attributes")
	flag.Parse()
	if *folder == "" || *bucket == "" || os.Getenv("AWS_ACCESS_KEY_ID") == "" {
		log.Fatal("usage: AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=... s3test -folder FOLDER -bucket BUCKET [-versions]")
	}
	stdout := os.Stdout
	os.Stdout = os.Stderr // for the gateway's messages; only the address goes to the caller
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	root, err := filepath.Abs(*folder) // opening the backend changes the working folder
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(serve(root, *bucket, *versions, func(address string) { fmt.Fprintln(stdout, address) }))
}

// serve runs the server until it fails, and announces its address. The gateway does not
// return its port, so that serve chooses a free one first; if another process takes it,
// serve tries the next.
func serve(folder, bucket string, versions bool, announce func(address string)) error {
	var failures error
	for range 5 {
		store, err := openBackend(folder, bucket, versions)
		if err != nil {
			return err
		}
		address, err := freeAddress()
		if err != nil {
			return err
		}
		failures = errors.Join(failures, embedgw.RunVersityGW(context.Background(), store, &embedgw.Config{
			RootUserAccess:    os.Getenv("AWS_ACCESS_KEY_ID"),
			RootUserSecret:    os.Getenv("AWS_SECRET_ACCESS_KEY"),
			Ports:             []string{address},
			MaxConnections:    1024,
			MaxRequests:       512,
			MultipartMaxParts: 10000,
			KeepAlive:         true,
			Quiet:             true,
			S3Options:         []s3api.Option{s3api.WithOnListen(func() { announce(address) })},
		}))
	}
	return failures
}

// openBackend keeps metadata in extended attributes, and beside the objects
// where the filesystem has none.
func openBackend(folder, bucket string, versions bool) (backend.Backend, error) {
	objects := filepath.Join(folder, "objects")
	if err := os.MkdirAll(filepath.Join(objects, bucket), 0o755); err != nil {
		return nil, err
	}
	if versions {
		return openVersioned(folder, bucket)
	}
	if (meta.XattrMeta{}).Test(objects) == nil {
		return posix.New(objects, meta.XattrMeta{}, posix.PosixOpts{})
	}
	beside := filepath.Join(folder, "metadata")
	if err := os.MkdirAll(beside, 0o755); err != nil {
		return nil, err
	}
	storage, err := meta.NewSideCar(beside)
	if err != nil {
		return nil, err
	}
	files, err := posix.New(objects, storage, posix.PosixOpts{SideCarDir: beside})
	if err != nil {
		return nil, err
	}
	return &sidecars{Posix: files, storage: storage}, nil
}

// openVersioned keeps the versions of the bucket's objects, each a plain file under FOLDER/versions.
func openVersioned(folder, bucket string) (backend.Backend, error) {
	kept := filepath.Join(folder, "versions")
	if err := os.MkdirAll(kept, 0o755); err != nil {
		return nil, err
	}
	store, err := posix.New(filepath.Join(folder, "objects"), meta.XattrMeta{}, posix.PosixOpts{VersioningDir: kept})
	if err != nil {
		return nil, err
	}
	return store, store.PutBucketVersioning(context.Background(), bucket, types.BucketVersioningStatusEnabled)
}

func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}
