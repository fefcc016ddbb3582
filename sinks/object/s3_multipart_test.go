package object

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// partsServer answers the requests of one upload. The test decides the last one, which
// completes it.
func partsServer(t *testing.T, join http.HandlerFunc) (b *bucket, seen func() []string) {
	t.Helper()
	var mu sync.Mutex
	var requests []string
	b = newBucket(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		query := r.URL.Query()
		step := r.Method
		switch {
		case query.Has("uploads"):
			step = "create " + r.Header.Get("X-Amz-Meta-Write-Id")
			_, _ = io.WriteString(w, `<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>`)
		case query.Has("partNumber"):
			step = fmt.Sprintf("part %s of %s: %s", query.Get("partNumber"), query.Get("uploadId"), body)
			w.Header().Set("ETag", `"p`+query.Get("partNumber")+`"`)
		case r.Method == http.MethodDelete:
			step = "abort " + query.Get("uploadId")
			w.WriteHeader(http.StatusNoContent)
		case r.Method == http.MethodPost:
			step = fmt.Sprintf("join %s if %s%s: %d parts", query.Get("uploadId"), r.Header.Get("If-Match"), r.Header.Get("If-None-Match"), strings.Count(string(body), "<PartNumber>"))
			join(w, r)
		}
		mu.Lock()
		defer mu.Unlock()
		requests = append(requests, step)
	})
	b.partSize = 4
	return b, func() []string { mu.Lock(); defer mu.Unlock(); return slices.Clone(requests) }
}

// TestS3PartsOutcome: the condition is in the last request, and only an upload that was
// certainly not completed is aborted.
func TestS3PartsOutcome(t *testing.T) {
	setCredentials(t)
	answer := func(status int, code string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { answerError(w, status, code) }
	}
	for name, c := range map[string]struct {
		join  http.HandlerFunc
		cond  Condition
		want  error
		abort bool
	}{
		"412":                       {answer(412, "PreconditionFailed"), IfMatch("e"), ErrConflict, true},
		"404 of the object":         {answer(404, "NoSuchKey"), IfMatch("e"), ErrConflict, true},
		"404 of the upload":         {answer(404, "NoSuchUpload"), IfMatch("e"), ErrUnknown, true},
		"404 of the upload, absent": {answer(404, "NoSuchUpload"), IfAbsent(), ErrUnknown, true},
		"409":                       {answer(409, "ConditionalRequestConflict"), IfAbsent(), ErrUnknown, true},
		"403":                       {answer(403, "AccessDenied"), IfAbsent(), ErrDenied, true},
		"400":                       {answer(400, "InvalidPart"), IfAbsent(), nil, true},
		"500":                       {answer(500, "InternalError"), IfAbsent(), ErrUnknown, false},
		"200 with an error in it":   {answer(200, "InternalError"), IfAbsent(), ErrUnknown, false},
		"cut":                       {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, IfAbsent(), ErrUnknown, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, seen := partsServer(t, c.join)
			_, err := b.Put(t.Context(), "k", strings.NewReader("one two"), c.cond, nil)
			checkKind(t, err, c.want)
			if err == nil {
				t.Error("no error")
			}
			if aborted := slices.Contains(seen(), "abort u1"); aborted != c.abort {
				t.Errorf("aborted: %t, want %t: %q", aborted, c.abort, seen())
			}
		})
	}
}

func TestS3PartsRequests(t *testing.T) {
	setCredentials(t)
	b, seen := partsServer(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `<CompleteMultipartUploadResult><ETag>"whole-3"</ETag></CompleteMultipartUploadResult>`)
	})
	// A body that cannot be read at an offset works, too.
	body := struct{ io.ReadSeeker }{strings.NewReader("one, two, 3")}
	info, err := b.Put(t.Context(), "k", body, IfMatch("old"), map[string]string{"write-id": "w1"})
	if err != nil || info.ETag != "whole-3" || info.Size != 11 || info.Meta["write-id"] != "w1" {
		t.Errorf("Put = %+v, %v", info, err)
	}
	want := []string{"create w1", "part 1 of u1: one,", "part 2 of u1:  two", "part 3 of u1: , 3", `join u1 if "old": 3 parts`}
	if got := seen(); !slices.Equal(got, want) {
		t.Errorf("requests %q, want %q", got, want)
	}
	if _, err := b.Put(t.Context(), "k", strings.NewReader("four"), Always(), nil); err != nil || len(seen()) != len(want)+1 {
		t.Errorf("%v after %q; want one request for what fits in a part", err, seen())
	}
}

// The largest object fits in as many parts as S3 takes.
func TestPartLength(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{partSize + 1, maxParts * partSize, maxParts*partSize + 1, maxObject - 1, maxObject} {
		each := partLength(size, partSize)
		if parts := (size + each - 1) / each; parts > maxParts || each < partSize || each > 5<<30 {
			t.Errorf("%d bytes in %d parts of %d", size, parts, each)
		}
	}
}
