package jobs

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// TestEndpoint: an endpoint that is probably wrong has a warning, and only one that is
// certainly wrong is refused.
func TestEndpoint(t *testing.T) {
	t.Parallel()
	const path, host, style = "lake.endpoint has a path", "begins with the bucket's name", "set lake.path_style: true"
	for _, c := range []struct {
		endpoint  string
		pathStyle bool
		want      []string // warnings, by a part of each
	}{
		{"", false, nil},
		{"http://127.0.0.1:9000", false, nil},
		{"http://[::1]:9000", false, nil},
		{"https://s3.example.com:9000", true, nil},
		{"https://s3.example.com:9000/", true, nil},
		{"https://oss-cn-beijing.aliyuncs.com", false, nil},
		{"https://cos.ap-beijing.myqcloud.com", false, nil},
		{"https://abc.r2.cloudflarestorage.com", false, nil},
		{"https://s3.us-west-2.amazonaws.com", false, nil},
		{"http://minio:9000", false, []string{style}},
		{"http://minio.storage.svc.cluster.local:9000", false, []string{style}},
		{"http://localhost:9000", false, []string{style}},
		{"https://S3.Example.com", false, []string{style}},
		{"https://notaliyuncs.com", false, []string{style}},
		{"https://s3.example.com/minio", true, []string{path}},
		{"https://s3.example.com/browser/catering", true, []string{path}},
		{"https://s3.example.com/storage/v1/s3", false, []string{path, style}},
		{"https://catering.s3.example.com", true, []string{host}},
		{"https://catering.oss-cn-beijing.aliyuncs.com", false, []string{host}},
	} {
		text := changed(t, `{url: "file:lake"}`, fmt.Sprintf(`{url: "s3://catering/prod", endpoint: "${E:-}", path_style: %t}`, c.pathStyle))
		got := mustParse(t, text, map[string]string{"E": c.endpoint}, nil).Lake.Warnings
		fits := len(got) == len(c.want)
		for i := range min(len(got), len(c.want)) {
			fits = fits && strings.Contains(got[i], c.want[i]) && (c.endpoint == "" || !strings.Contains(got[i], c.endpoint))
		}
		if !fits {
			t.Errorf("%s, path_style %t: warnings %q, want %q", c.endpoint, c.pathStyle, got, c.want)
		}
	}
	for _, endpoint := range []string{"https://s3.example.com/catering", "https://s3.example.com/catering/", "http://minio:9000/catering/prod"} {
		_, err := parse(t, changed(t, `{url: "file:lake"}`, `{url: "s3://catering/prod", endpoint: "`+endpoint+`", path_style: true}`), nil, nil)
		wantFaults(t, err, "jobs.yaml:2:45: endpoint: its path is the bucket, which url has already: endpoint 只写服务地址,去掉路径; write it without the path")
	}
	for _, endpoint := range []string{"minio:9000", "s3.example.com", "10.0.0.1:9000", "//minio"} {
		_, err := parse(t, changed(t, `{url: "file:lake"}`, `{url: "s3://catering", endpoint: "`+endpoint+`"}`), nil, nil)
		wantFaults(t, err, `jobs.yaml:2:40: endpoint: want an absolute URL that begins with https:// or http://, or nothing for AWS, found a text of `+strconv.Itoa(len(endpoint))+" characters")
	}
}
