package cli

import (
	"fmt"
	"slices"
	"strings"

	"billwalk/pipeline/jobs"
	"billwalk/schema"
)

// credentialSources are the ways in which DuckDB can get the keys of a lake in S3: never from
// the SQL.
var credentialSources = []string{"chain", "env"}

// readableByDuckDB reports a lake whose place has a folder such as account_id=1: DuckDB would read
// that in place of the column, and say nothing.
func readableByDuckDB(place string) error {
	for folder := range strings.SplitSeq(strings.TrimPrefix(place, "file:"), "/") {
		name, _, partition := strings.Cut(folder, "=")
		if partition && isColumn(name) {
			return usage("DuckDB would read the folder %s of %s as the column %s of every row: move the lake, or read it with Spark, Trino or Athena", folder, place, strings.ToLower(name))
		}
	}
	return nil
}

// isColumn reports whether a table has a column of the name, in small or capital letters.
func isColumn(name string) bool {
	return strings.EqualFold(name, "bill_date") || slices.ContainsFunc(schema.Tables, func(t schema.AnyTable) bool {
		return t.Describe().Column(strings.ToLower(name)) != nil
	})
}

// duckdbSecret returns the statement that tells DuckDB how to reach a lake in S3, or nothing
// for a folder. It has no key: DuckDB finds it when it runs the statement.
func duckdbSecret(lake jobs.Lake, credentials string) string {
	if !strings.HasPrefix(lake.URL, "s3://") {
		return ""
	}
	options := []string{"TYPE s3", "PROVIDER credential_chain"}
	note := "-- The AWS SDK's credential chain, by DuckDB's extension aws: environment, profile, web identity, instance.\n"
	if credentials == "env" {
		options = []string{"TYPE s3", "KEY_ID getenv('AWS_ACCESS_KEY_ID')", "SECRET getenv('AWS_SECRET_ACCESS_KEY')", "SESSION_TOKEN getenv('AWS_SESSION_TOKEN')"}
		note = "-- The keys are in the environment when DuckDB's command line runs this. Its libraries have no getenv: use --credentials chain there.\n"
	}
	options = append(options, "SCOPE "+sqlText(lake.URL), "REGION "+sqlText(lake.Region))
	if lake.Endpoint != "" {
		scheme, host, _ := strings.Cut(lake.Endpoint, "://")
		options = append(options, "ENDPOINT "+sqlText(host), fmt.Sprintf("USE_SSL %v", scheme == "https"))
	}
	if lake.PathStyle {
		options = append(options, "URL_STYLE 'path'")
	}
	return note + "CREATE OR REPLACE SECRET billwalk_lake (" + strings.Join(options, ", ") + ");\n\n"
}

// engineSettings returns comments with the settings by which an engine reaches a lake in S3
// that is not at AWS's own address.
func engineSettings(d schema.Dialect, lake jobs.Lake) string {
	if !strings.HasPrefix(lake.URL, "s3://") {
		return ""
	}
	var names [3]string // of endpoint, region, path style
	switch d {
	case schema.Spark:
		names = [3]string{"spark.hadoop.fs.s3a.endpoint", "spark.hadoop.fs.s3a.endpoint.region", "spark.hadoop.fs.s3a.path.style.access"}
	case schema.Trino:
		names = [3]string{"s3.endpoint", "s3.region", "s3.path-style-access"}
	default:
		return ""
	}
	var text strings.Builder
	for i, value := range []string{lake.Endpoint, lake.Region, map[bool]string{true: "true"}[lake.PathStyle]} {
		if value != "" {
			fmt.Fprintf(&text, "-- %s=%s\n", names[i], value)
		}
	}
	if text.Len() == 0 {
		return ""
	}
	return fmt.Sprintf("-- %s needs, besides credentials:\n%s", strings.ToUpper(string(d[:1]))+string(d[1:]), text.String())
}

func sqlText(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
