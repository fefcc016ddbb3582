package jobs_test

import (
	"fmt"

	"billwalk/pipeline/jobs"
)

// A jobs.yaml is parsed with the environment that its variables need. All faults are
// returned at once, with their lines.
func ExampleParse() {
	text := []byte(`version: 1
lake: {url: "file:lake"}
apps:
  life: {base_url: "https://open.douyin.com", client_key: awlife, client_secret: "${SECRET}"}
jobs:
  nightly:
    accounts: [{root_account_id: "7113893944009705516", name: 某某餐饮}]
    dates: {from: -3d, to: yesterday}
    bills: {app: life}
`)
	environment := func(name string) (string, bool) { return "a1b2c3d4", name == "SECRET" }
	noFiles := func(path string) ([]byte, error) { return nil, fmt.Errorf("%s: no such file", path) }

	file, err := jobs.Parse(text, "jobs.yaml", environment, noFiles)
	if err != nil {
		fmt.Println(err)
		return
	}
	job, err := file.Job("nightly")
	fmt.Println(job.Name, job.Dates.From, job.Dates.To, job.Bills.PageSize, file.Apps["life"].ClientSecret, err)

	_, err = jobs.Parse([]byte("version: 1\nlake: {uri: file:lake}\n"), "jobs.yaml", environment, noFiles)
	fmt.Println(err)
	// Output:
	// nightly -3d -1d 50 [redacted] <nil>
	// jobs.yaml:1:1: the file: key "apps" is missing
	// jobs.yaml:1:1: the file: key "jobs" is missing
	// jobs.yaml:2:7: lake: key "url" is missing
	// jobs.yaml:2:8: unknown key "uri": did you mean "url"?
}
