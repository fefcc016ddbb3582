package cli

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"

	"billwalk/schema"
)

// describeDuckDB asks DuckDB for what ddl --check compares.
const describeDuckDB = "SELECT table_name, column_name, data_type, comment FROM duckdb_columns() WHERE NOT internal ORDER BY table_oid, column_index;\n"

// checkEngine compares what an engine says of its tables with what ddl declares, and prints what
// differs, which is an error. Without input, the duckdb command on the PATH runs the views and says it.
func (p *program) checkEngine(ctx context.Context, d schema.Dialect, views string, input io.Reader, table string) error {
	if d == schema.DuckDBDialect {
		cmd := exec.CommandContext(ctx, "duckdb", "-no-init", "-bail", "-json")
		cmd.Stdin = strings.NewReader(views + describeDuckDB)
		var said, complaint bytes.Buffer
		cmd.Stdout, cmd.Stderr = &said, &complaint
		err := cmd.Run()
		if errors.Is(err, exec.ErrNotFound) {
			return failed(errors.New("--check runs the command duckdb, which is not on the PATH: install it, such as by `pip install duckdb-cli`"))
		}
		if err != nil {
			return failed(fmt.Errorf("duckdb cannot run the views: %w: %s", err, strings.TrimSpace(complaint.String())))
		}
		input = bytes.NewReader(said.Bytes()[max(0, bytes.Index(said.Bytes(), []byte(`[{"table_name"`))):]) // other statements may have answered before
	}
	text, err := io.ReadAll(input)
	if err != nil {
		return failed(err)
	}
	found, err := describedColumns(text, table)
	if err != nil {
		return usage("--check: %v", err)
	}
	differences, compared, unsaid := compareColumns(schema.EngineColumns(d), found)
	for _, line := range differences {
		fmt.Fprintln(p.out, line)
	}
	if compared > 0 && len(unsaid) > 0 {
		fmt.Fprintf(p.out, "not compared, as what was read does not name them: %s\n", strings.Join(unsaid, ", "))
	}
	switch {
	case compared == 0:
		return usage("--check: none of the tables is in what was read: want columns table_name (or --table), column_name, data_type and comment")
	case len(differences) > 0:
		return failed(fmt.Errorf("%d differences between %s and this billwalk: drop the external tables, whose files stay, and run the output of `billwalk ddl %s` again", len(differences), d, d))
	}
	fmt.Fprintf(p.out, "%d columns are as declared\n", compared)
	return nil
}

// compareColumns returns what differs, how many columns were compared, and the tables of which
// nothing is said. A comment is left aside if there is none in any row.
func compareColumns(declared, found []schema.EngineColumn) (differences []string, compared int, unsaid []string) {
	commented := slices.ContainsFunc(found, func(c schema.EngineColumn) bool { return c.Comment != "" })
	for _, want := range declared {
		if !slices.ContainsFunc(found, func(c schema.EngineColumn) bool { return c.Table == want.Table }) {
			if !slices.Contains(unsaid, want.Table) {
				unsaid = append(unsaid, want.Table)
			}
			continue
		}
		compared++
		i := slices.IndexFunc(found, func(c schema.EngineColumn) bool { return c.Table == want.Table && c.Column == want.Column })
		switch {
		case i < 0:
			differences = append(differences, fmt.Sprintf("%s.%s: missing", want.Table, want.Column))
		case !schema.SameType(found[i].Type, want.Type):
			differences = append(differences, fmt.Sprintf("%s.%s: type %s, want %s", want.Table, want.Column, found[i].Type, want.Type))
		case commented && found[i].Comment != want.Comment:
			differences = append(differences, fmt.Sprintf("%s.%s: comment %q, want %q", want.Table, want.Column, found[i].Comment, want.Comment))
		}
	}
	return differences, compared, unsaid
}

// names of the columns of a description, as engines have them.
var (
	tableNames   = []string{"table_name", "table", "tablename"}
	columnNames  = []string{"column_name", "col_name", "column", "name"}
	typeNames    = []string{"data_type", "type", "column_type"}
	commentNames = []string{"comment", "remarks"}
)

// describedColumns reads a description: CSV or TSV with a header, or JSON: a list of objects, or
// one in each line. Without a column for the table, all is of the named table.
func describedColumns(text []byte, table string) (columns []schema.EngineColumn, err error) {
	rows, err := describedRows(bytes.TrimSpace(text))
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		first := func(names []string) string {
			for _, name := range names {
				if value, ok := row[name].(string); ok {
					return strings.TrimSpace(value)
				}
			}
			return ""
		}
		c := schema.EngineColumn{Table: first(tableNames), Column: first(columnNames), Type: first(typeNames), Comment: first(commentNames)}
		if c.Table == "" {
			c.Table = table
		}
		columns = append(columns, c)
	}
	return columns, nil
}

// describedRows returns the rows by the names of their columns in small letters.
func describedRows(text []byte) (rows []map[string]any, err error) {
	if bytes.HasPrefix(text, []byte("[")) {
		err = json.Unmarshal(text, &rows)
		return lowered(rows), err
	}
	if bytes.HasPrefix(text, []byte("{")) {
		for lines := json.NewDecoder(bytes.NewReader(text)); lines.More(); {
			var row map[string]any
			if err := lines.Decode(&row); err != nil {
				return nil, err
			}
			rows = append(rows, row)
		}
		return lowered(rows), nil
	}
	table := csv.NewReader(bytes.NewReader(text))
	table.FieldsPerRecord, table.LazyQuotes = -1, true
	if header, _, _ := bytes.Cut(text, []byte("\n")); bytes.ContainsRune(header, '\t') {
		table.Comma = '\t'
	}
	records, err := table.ReadAll()
	if err != nil || len(records) == 0 {
		return nil, err
	}
	for _, record := range records[1:] {
		row := make(map[string]any)
		for i, value := range record[:min(len(record), len(records[0]))] {
			row[records[0][i]] = value
		}
		rows = append(rows, row)
	}
	return lowered(rows), nil
}

func lowered(rows []map[string]any) []map[string]any {
	for i, row := range rows {
		named := make(map[string]any, len(row))
		for name, value := range row {
			named[strings.ToLower(strings.TrimSpace(name))] = value
		}
		rows[i] = named
	}
	return rows
}
