package repository

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
)

type policyStatement struct {
	Sid, Effect      string
	Action, Resource texts
	Condition        struct {
		StringLike, StringLikeIfExists struct {
			Prefix texts `json:"s3:prefix"`
		}
	}
}

// texts is a text or a list of them.
type texts []string

func (l *texts) UnmarshalJSON(data []byte) error {
	if data[0] == '"' {
		*l = texts{""}
		return json.Unmarshal(data, &(*l)[0])
	}
	return json.Unmarshal(data, (*[]string)(l))
}

// TestDeployPolicy: the writer may do what the program asks of S3 and nothing else, and readers see the tables and manifests
// alone, which nobody replaces without a comparison.
func TestDeployPolicy(t *testing.T) {
	t.Parallel()
	var policy struct{ Statement []policyStatement }
	if err := json.Unmarshal(readDeployed(t, "bucket-policy.json"), &policy); err != nil {
		t.Fatal(err)
	}
	by := make(map[string]policyStatement)
	for _, s := range policy.Statement {
		by[s.Sid] = s
	}
	if diff := cmp.Diff(actionsOfProgram(t), slices.Sorted(slices.Values(slices.Concat(by["WriterLists"].Action, by["WriterReadsAndWrites"].Action)))); diff != "" {
		t.Errorf("the writer's actions (-what the program calls +policy):\n%s", diff)
	}
	var objects, prefixes []string
	for _, table := range schema.Tables {
		prefixes = append(prefixes, "PREFIX/"+table.Describe().Name+"/*")
	}
	published := append(prefixes, "PREFIX/_manifests/*")
	prefixes = append(slices.Clone(published), "PREFIX/resolutions/*", "PREFIX/closings/*") // which views read, too
	for _, prefix := range prefixes {
		objects = append(objects, "arn:aws:s3:::BUCKET/"+prefix)
	}
	for what, got := range map[string][2][]string{
		"the writer lists":            {by["WriterLists"].Condition.StringLikeIfExists.Prefix, {"PREFIX/*"}}, // or a missing object is a 403, not a 404
		"readers list":                {by["ReaderLists"].Condition.StringLike.Prefix, prefixes},
		"readers read":                {by["ReaderReads"].Resource, objects},
		"published only by comparing": {by["PublishedOnlyByComparison"].Resource, objects[:len(published)]},
	} {
		if diff := cmp.Diff(got[1], got[0]); diff != "" {
			t.Errorf("%s (-want +policy):\n%s", what, diff)
		}
	}
}

// actionsOfProgram returns the rights that the requests of sinks/object need.
func actionsOfProgram(t *testing.T) []string {
	t.Helper()
	needed := map[string]string{
		"GetObject": "s3:GetObject", "HeadObject": "s3:GetObject", "PutObject": "s3:PutObject", "CreateMultipartUpload": "s3:PutObject",
		"UploadPart": "s3:PutObject", "CompleteMultipartUpload": "s3:PutObject", "AbortMultipartUpload": "s3:AbortMultipartUpload",
		"NewListObjectsV2Paginator": "s3:ListBucket", "NewListObjectVersionsPaginator": "s3:ListBucketVersions", "GetBucketVersioning": "s3:GetBucketVersioning",
		"NewPresignClient": "s3:GetObjectVersion", "PresignGetObject": "s3:GetObjectVersion", // of versions alone
	}
	files, err := filepath.Glob(filepath.Join(moduleRoot, "sinks/object/*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	var actions []string
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, call := range regexp.MustCompile(`(?:\w\.client|s3)\.(\w+)\((?:ctx|[\w.]+\.client)`).FindAllStringSubmatch(string(source), -1) {
			action, ok := needed[call[1]]
			if !ok {
				t.Errorf("%s calls %s: say here which right that needs", file, call[1])
			}
			actions = append(actions, action)
		}
	}
	slices.Sort(actions)
	return slices.Compact(actions)
}
