package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"billwalk/pipeline/jobs"
	"billwalk/schema"
)

func (p *program) ddl() *cobra.Command {
	var lake string
	cmd := &cobra.Command{
		Use:       "ddl duckdb",
		Short:     "Print SQL views of the lake for analysts",
		Example:   "  billwalk ddl duckdb > views.sql\n  duckdb -init views.sql",
		Args:      oneDialect,
		ValidArgs: dialects,
	}
	cmd.Flags().StringVar(&lake, "lake", "", "the lake: a folder or s3://bucket/prefix (default: the lake of the file of jobs, else ./lake)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		of := jobs.Lake{Region: "us-east-1"}
		if lake == "" {
			file, err := p.loadJobs()
			switch {
			case err == nil:
				lake, of = file.Lake.URL, file.Lake
			case errors.Is(err, fs.ErrNotExist) && !cmd.Flags().Changed("config"):
				lake = "file:lake"
			default:
				return &exitError{exitUsage, err}
			}
		}
		if of.URL = lake; !strings.HasPrefix(lake, "s3://") && !strings.HasPrefix(lake, "file:") {
			of.URL = "file:" + lake
		}
		_, err := fmt.Fprint(p.out, schema.DuckDB(strings.TrimPrefix(lake, "file:"), p.absentTables(cmd.Context(), of)...))
		return err
	}
	return cmd
}

// absentTables returns the optional tables of which the lake has no file. Where it cannot be
// looked into, these are all of them.
func (p *program) absentTables(ctx context.Context, of jobs.Lake) (absent []string) {
	store, openErr := p.openStore(ctx, of)
	for _, table := range schema.OptionalTables() {
		found, err := false, openErr
		if err == nil {
			for _, err = range store.List(ctx, table+"/") {
				found = err == nil
				break
			}
		}
		if err != nil {
			p.log.Warn("the lake cannot be looked into: the view of this table has no rows", "table", table, "error", err)
		}
		if !found {
			absent = append(absent, table)
		}
	}
	return absent
}
