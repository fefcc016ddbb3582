package schema

import (
	"regexp"
	"strings"
	"testing"
)

// TestExternalTablesAreGolden has the SQL for Spark, Trino and Athena beside that for DuckDB.
func TestExternalTablesAreGolden(t *testing.T) {
	t.Parallel()
	for d, url := range map[Dialect]string{Spark: "s3a://catering-lake/prod", Trino: "s3://catering-lake/prod", Athena: "s3://catering-lake/prod"} {
		golden(t, "sql/"+string(d)+".sql", ExternalTables(d, url))
	}
}

// TestExternalTablesFit: comments fit into a metastore, names of views and their columns are
// letters and underscores, and no literal needs an escape.
func TestExternalTablesFit(t *testing.T) {
	t.Parallel()
	comment := regexp.MustCompile(`(?m)^  [a-z_]+ .*? COMMENT '([^']*)'`)
	for _, d := range []Dialect{Spark, Trino, Athena} {
		sql := ExternalTables(d, "s3://bucket")
		if strings.Contains(sql, "''") && !strings.Contains(strings.ReplaceAll(sql, "NULLIF(b.shop_order_id, '')", ""), "''") || strings.Contains(sql, `\`) {
			t.Errorf("%s: a literal needs an escape", d)
		}
		found := comment.FindAllStringSubmatch(sql, -1)
		if len(found) < 100 {
			t.Errorf("%s: %d comments", d, len(found))
		}
		for _, c := range found {
			if len(c[1]) > maxComment {
				t.Errorf("%s: a comment has %d bytes: %s", d, len(c[1]), c[1])
			}
		}
		for _, table := range Tables {
			for _, c := range table.Describe().labelledView(d).columns {
				if !regexp.MustCompile(`^[\p{Han}A-Za-z0-9_]+$`).MatchString(c.name) {
					t.Errorf("%s: %s has a column %q", d, table.Describe().Name, c.name)
				}
			}
		}
	}
}

// TestExternalTablesOfOddFolders: the place of a lake is taken as it is, whatever is in it.
func TestExternalTablesOfOddFolders(t *testing.T) {
	t.Parallel()
	for d, place := range map[Dialect]string{Spark: `a%20b%s o\'ne 湖`, Trino: `a%20b%s o''ne 湖`, Athena: `a%20b%s o\'ne 湖`} {
		sql := ExternalTables(d, "file:///a%20b%s o'ne 湖")
		for _, table := range Tables {
			if want := "'file:///" + place + "/" + table.Describe().Name; !strings.Contains(sql, want) {
				t.Errorf("%s: nowhere %s", d, want)
			}
		}
		if strings.Contains(sql, "%!") {
			t.Errorf("%s: a per cent sign of the folder was formatted", d)
		}
	}
}
