package jobs

import (
	"strings"

	"go.yaml.in/yaml/v4"
)

// file reads the whole document into file.
func (r *reader) file(n *yaml.Node, file *File) {
	m, ok := r.mapping("the file", place{r.path, 1, 1}, n, fileKeys)
	if !ok {
		return
	}
	required(m, "version", version)
	if lake, ok := m.node("lake"); ok {
		file.Lake = r.lake(lake)
	}
	apps, jobs := r.namedEntries(m, "apps"), r.namedEntries(m, "jobs")
	for _, e := range apps {
		r.apps = append(r.apps, e.name)
		if e.nameIsShown(appKeys) {
			r.shownApps = append(r.shownApps, e.name)
		}
	}
	file.Apps = make(map[string]App, len(apps))
	for _, e := range apps {
		r.owner = "apps." + e.name
		file.Apps[e.name] = r.app(e)
	}
	file.Jobs, file.lines = make(map[string]Job, len(jobs)), make(map[string]place, len(jobs))
	for _, e := range jobs {
		r.owner, file.lines[e.name] = "jobs."+e.name, r.at(e.key)
		file.Jobs[e.name] = r.job(e)
	}
}

// namedEntries returns the entries of apps or jobs. It reports missing entries and
// invalid names.
func (r *reader) namedEntries(m mapping, key string) []entry {
	n, ok := m.node(key)
	if !ok {
		return nil
	}
	entries, ok := r.entries(key, n)
	if ok && len(entries) == 0 {
		r.fault(r.at(n), "%s: want at least one, found none", key)
	}
	for _, e := range entries {
		if !isName(e.name) {
			r.fault(r.at(e.key), "%s: want a name of letters, digits, _, - and ., %s", key, describe(e.name))
		}
	}
	return entries
}

// lake reads the section of the lake, and checks what can be checked without a connection.
func (r *reader) lake(n *yaml.Node) Lake {
	m, ok := r.mapping("lake", r.at(n), n, lakeKeys)
	if !ok {
		return Lake{}
	}
	lake := Lake{
		URL:       required(m, "url", LakeURL),
		Endpoint:  optional(m, "endpoint", "", endpointURL),
		Region:    optional(m, "region", "us-east-1", regionName),
		PathStyle: optional(m, "path_style", false, boolean),
		Buckets:   optional(m, "buckets", 1, wholeNumber(1, maxBuckets)),
	}
	if strings.HasPrefix(lake.URL, "s3:") {
		r.awsCredentials(r.at(m.values["url"]))
		if lake.Endpoint != "" {
			lake.Warnings = r.endpoint(r.at(m.values["endpoint"]), lake)
		}
	}
	return lake
}
