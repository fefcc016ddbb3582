package billwalktest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// Files returns the folder with the lake's objects as plain files.
func (l Place) Files(s3 objecttest.S3) string {
	if l.Options.Endpoint == "" {
		return l.SQL
	}
	return filepath.Join(s3.Dir, filepath.Base(l.URL))
}

// Place is where a lake is, as jobs.yaml and as DuckDB name it.
type Place struct {
	URL     string
	Options object.S3Options
	SQL     string // the root of the tables' files for DuckDB
	Prelude string // SQL that DuckDB runs first
}

// FolderLake is a new lake in a folder of the test.
func FolderLake(t testing.TB) Place {
	dir := filepath.Join(t.TempDir(), "lake")
	return Place{URL: "file:" + dir, SQL: dir}
}

// BucketLake is a new lake on the S3 server. DuckDB reads it over s3:// where it
// has its httpfs extension, else the files that the server stores.
func BucketLake(s objecttest.S3, name string) Place {
	place := Place{URL: s.URL + "/" + name, Options: s.Options, SQL: filepath.Join(s.Dir, name)}
	if extension := os.Getenv("BILLWALK_DUCKDB_HTTPFS"); extension != "" {
		place.SQL = place.URL
		place.Prelude = fmt.Sprintf("LOAD '%s'; CREATE SECRET (TYPE s3, KEY_ID '%s', SECRET '%s', ENDPOINT '%s', USE_SSL false, URL_STYLE 'path', REGION 'us-east-1');\n",
			extension, s.AccessKey, s.SecretKey, strings.TrimPrefix(s.Endpoint, "http://"))
	}
	return place
}
