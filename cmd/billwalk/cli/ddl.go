package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"billwalk/pipeline/jobs"
	"billwalk/schema"
	"billwalk/sinks/object"
)

// ddlFlags say which lake the SQL is of.
type ddlFlags struct {
	lake, job, credentials, table string
	pinned, wholeDays, check      bool
	versions                      time.Duration // 0: no versions
}

func (p *program) ddl() *cobra.Command {
	var flags ddlFlags
	cmd := &cobra.Command{
		Use:   "ddl duckdb|spark|trino|athena",
		Short: "Print SQL that makes the lake's tables known to an engine",
		Long: "Print SQL for analysts: each table with its types and documented columns, and a view of it in Chinese and yuan.\n" +
			"DuckDB has views of the files; Spark, Trino and Athena have external tables.",
		Example:   "  billwalk ddl duckdb > views.sql\n  duckdb -init views.sql\n  billwalk ddl athena --lake s3://catering-lake/prod > tables.sql",
		Args:      oneDialect,
		ValidArgs: dialectNames(),
	}
	flags.ofLake(cmd)
	cmd.Flags().StringVar(&flags.job, "job", "", "a job: its lake, or for --lake its endpoint, region and path style")
	cmd.Flags().BoolVar(&flags.pinned, "pinned", false, "for DuckDB: exactly the files of the last whole night, so that all tables agree; an error once one of them is replaced")
	flags.ofPinned(cmd)
	cmd.Flags().BoolVar(&flags.check, "check", false, "print nothing to run, but how the engine's tables differ: from its DESCRIBE or information_schema.columns as CSV or JSON on standard input; duckdb is run")
	cmd.Flags().StringVar(&flags.table, "table", "", "with --check: the table that the input describes, where it has no column for it")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if flags.check && args[0] != string(schema.DuckDBDialect) { // which needs no lake
			return p.checkEngine(cmd.Context(), schema.Dialect(args[0]), "", cmd.InOrStdin(), flags.table)
		}
		if err := flags.usable(args[0]); err != nil {
			return err
		}
		lake, err := p.lakeOf(cmd, flags)
		if err != nil {
			return err
		}
		text, err := p.ddlText(cmd.Context(), schema.Dialect(args[0]), lake, flags)
		if err != nil {
			return err
		}
		if flags.check {
			return p.checkEngine(cmd.Context(), schema.DuckDBDialect, text, nil, "")
		}
		_, err = fmt.Fprint(p.out, text)
		return err
	}
	return cmd
}

// ofLake adds the flags of the lake.
func (f *ddlFlags) ofLake(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.lake, "lake", "", "the lake: a folder or s3://bucket/prefix (default: the lake of the file of jobs, else ./lake)")
	cmd.Flags().StringVar(&f.credentials, "credentials", credentialSources[0], "how DuckDB gets the keys for s3://: "+strings.Join(credentialSources, " (the AWS SDK's, by DuckDB's extension aws), ")+" (AWS_ACCESS_KEY_ID, …)")
}

// ofPinned adds the flags that go with --pinned.
func (f *ddlFlags) ofPinned(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.wholeDays, "whole-days", false, "with --pinned: leave out the days of which a run has replaced files and has not ended; without it, that is an error")
	cmd.Flags().DurationVar(&f.versions, "versions", 0, "with --pinned, of a bucket with versioning on: the versions of the files, at signed addresses that hold so long, such as 12h (at most 168h); runs may replace files; whoever has the text can read them without a key")
}

// usable reports flags that a dialect cannot have.
func (f *ddlFlags) usable(dialect string) error {
	if f.pinned && dialect != string(schema.DuckDBDialect) {
		return usage("--pinned is for duckdb: %s cannot tell one publication of a file from another", dialect)
	}
	if f.wholeDays && !f.pinned {
		return usage("--whole-days is for --pinned")
	}
	if f.versions != 0 && (!f.pinned || f.versions < time.Minute || f.versions > object.MaxSigned) {
		return usage("--versions %v: it is for --pinned, and takes from 1m to %gh", f.versions, object.MaxSigned.Hours())
	}
	if !slices.Contains(credentialSources, f.credentials) {
		return usage("--credentials %s: there are %s", f.credentials, strings.Join(credentialSources, ", "))
	}
	return nil
}

func dialectNames() []string {
	names := make([]string, len(schema.Dialects))
	for i, d := range schema.Dialects {
		names[i] = string(d)
	}
	return names
}

// lakeOf returns the lake that is meant: of --lake, else of the file of jobs, else ./lake.
func (p *program) lakeOf(cmd *cobra.Command, flags ddlFlags) (jobs.Lake, error) {
	lake := jobs.Lake{URL: "file:lake", Region: "us-east-1"}
	if flags.lake == "" || flags.job != "" || cmd.Flags().Changed("config") {
		file, err := p.loadJobs()
		optional := !cmd.Flags().Changed("config") && (flags.job == "" || flags.job == jobs.DemoName)
		switch {
		case err == nil:
			lake = file.Lake
		case !errors.Is(err, fs.ErrNotExist) || !optional:
			return lake, &exitError{exitUsage, err}
		}
		if err == nil && flags.job != "" {
			if _, err := file.Job(flags.job); err != nil {
				return lake, &exitError{exitUsage, err}
			}
		}
	}
	if flags.lake == "" {
		return lake, nil
	}
	url := flags.lake
	if !strings.HasPrefix(url, "s3://") && !strings.HasPrefix(url, "file:") {
		url = "file:" + url
	}
	var err error
	if lake.URL, err = jobs.LakeURL(url); err != nil {
		return lake, usage("--lake %s: want %w", flags.lake, err)
	}
	return lake, nil
}

// ddlText returns the SQL for an engine.
func (p *program) ddlText(ctx context.Context, d schema.Dialect, lake jobs.Lake, flags ddlFlags) (string, error) {
	folder := strings.TrimPrefix(lake.URL, "file:")
	if flags.pinned {
		return p.pinnedViews(ctx, lake, flags)
	}
	if d == schema.DuckDBDialect {
		if err := readableByDuckDB(lake.URL); err != nil {
			return "", err
		}
		return duckdbSecret(lake, flags.credentials) + schema.DuckDB(folder, p.absentTables(ctx, lake)...), nil
	}
	url := lake.URL
	if folder, local := strings.CutPrefix(url, "file:"); local {
		if d == schema.Athena {
			return "", usage("Athena reads lakes on S3 only, and the lake is %s: give --lake s3://bucket/prefix", lake.URL)
		}
		folder, err := filepath.Abs(folder)
		if err != nil {
			return "", failed(err)
		}
		url = "file://" + filepath.ToSlash(folder)
	} else if d == schema.Spark {
		url = "s3a" + strings.TrimPrefix(url, "s3")
	}
	return engineSettings(d, lake) + schema.ExternalTables(d, url), nil
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
