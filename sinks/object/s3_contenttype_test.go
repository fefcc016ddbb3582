package object_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// A browser opens a report from its bucket: page and workbook say what they are, other objects
// do not.
func TestS3ContentType(t *testing.T) {
	server := objecttest.StartS3(t)
	prefix := rand.Text()
	store := open(t, server.URL+"/"+prefix, server.Options)
	for name, want := range map[string]string{
		"reports/nightly/latest/report.html": "text/html; charset=utf-8",
		"reports/nightly/latest/report.xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	} {
		if _, err := store.Put(t.Context(), name, strings.NewReader("<p>"), object.IfAbsent(), map[string]string{"last-day": "2026-11-26"}); err != nil {
			t.Fatal(err)
		}
		bucket, below, _ := strings.Cut(strings.TrimPrefix(server.URL, "s3://"), "/")
		key := strings.TrimPrefix(below+"/"+prefix+"/"+name, "/")
		out, err := clientOf(t, server).HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
		if err != nil {
			t.Fatal(err)
		}
		if got := aws.ToString(out.ContentType); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
		if data, info, err := object.ReadAll(t.Context(), store, name); err != nil || string(data) != "<p>" || info.Meta["last-day"] == "" {
			t.Errorf("read back: %q, %+v, %v", data, info, err)
		}
	}
}
