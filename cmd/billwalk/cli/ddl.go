package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

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
		if lake == "" {
			file, err := p.loadJobs()
			switch {
			case err == nil:
				lake = file.Lake.URL
			case errors.Is(err, fs.ErrNotExist) && !cmd.Flags().Changed("config"):
				lake = "file:lake"
			default:
				return &exitError{exitUsage, err}
			}
		}
		_, err := fmt.Fprint(p.out, schema.DuckDB(strings.TrimPrefix(lake, "file:")))
		return err
	}
	return cmd
}
