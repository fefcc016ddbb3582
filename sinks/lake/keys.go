package lake

import (
	"fmt"
	"strings"

	"billwalk/schema"
)

// Every key of the lake is made and parsed in this file.
//
//	TABLE/bill_date=D/bucket-000.parquet              the rows of one table
//	_manifests/bill_date=D/bucket-000.json            what is published of one (day, bucket)
//	_manifests/lake.json                              the lake's settings
//	_control/turns/bill_date=D/bucket-000.json        the turn of one (day, bucket)
//	runs/<run id>.json                                the summary of a run
//	resolutions/<ulid>.jsonl                          differences that people have settled
//	closings/<ulid>.jsonl                             days that people have closed
//	reports/JOB/FROM_TO/report.html, .xlsx            the report of a run's days; of one day: reports/JOB/D/
//	reports/JOB/latest/report.html, .xlsx             that of the latest days

const (
	manifestsFolder = "_manifests"
	settingsKey     = manifestsFolder + "/lake.json"
	runsFolder      = "runs/"

	resolutionsFolder = "resolutions/"
	closingsFolder    = "closings/"
	reportsFolder     = "reports/"
)

// dayIn returns the folder of a day in that of a table or of the turns.
func dayIn(folder string, day schema.Day) string {
	return fmt.Sprintf("%s/bill_date=%s/", folder, day)
}

func dataKey(table string, day schema.Day, bucket int) string {
	return fmt.Sprintf("%sbucket-%03d.parquet", dayIn(table, day), bucket)
}

func turnKey(day schema.Day, bucket int) string {
	return fmt.Sprintf("%sbucket-%03d.json", dayIn("_control/turns", day), bucket)
}

func summaryKey(runID string) string { return runsFolder + runID + ".json" }

// reportKey returns the key of the page of a job's report of these days.
func reportKey(job string, from, to schema.Day) string {
	days := from.String()
	if from != to {
		days += "_" + to.String()
	}
	return reportsFolder + job + "/" + days + "/report.html"
}

// LatestReport returns the key of the page of the job's report of the latest days.
func LatestReport(job string) string { return reportsFolder + job + "/latest/report.html" }

// workbookKey returns the key of the workbook beside a page.
func workbookKey(page string) string { return strings.TrimSuffix(page, "html") + "xlsx" }

// parseManifestDay returns the day in the key of a manifest, or false.
func parseManifestDay(key string) (schema.Day, bool) {
	text, ok := strings.CutPrefix(key, manifestsFolder+"/bill_date=")
	text, _, _ = strings.Cut(text, "/")
	day, err := schema.ParseDay(text)
	return day, ok && err == nil
}

// parseSummaryKey returns the run in the key of a summary, or false for a foreign file.
func parseSummaryKey(key string) (runID string, ok bool) {
	id, ok := strings.CutSuffix(strings.TrimPrefix(key, runsFolder), ".json")
	return id, ok && !strings.Contains(id, "/")
}
