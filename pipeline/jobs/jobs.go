// Package jobs reads jobs.yaml: which accounts a job walks, for which days, with
// which application, and where the result goes. The commented jobs.yaml at the
// top of the repository is its manual.
//
// It is strict, so that a slip of the pen is told before the night and not after
// it: unknown and repeated keys, wrong types, impossible values and unset
// variables are faults with their line and column, and all are told at once. It
// never guesses, never contacts anything, and shows no secret and no value of an
// environment variable, in faults or elsewhere.
package jobs

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"billwalk/schema"
)

// File is a jobs.yaml that was read without fault, with all defaults filled in.
type File struct {
	Lake Lake
	Apps map[string]App
	Jobs map[string]Job

	path    string           // for messages
	lines   map[string]place // of the jobs
	pending []Fault          // the environment's faults in apps and jobs: told by Job and Receivers to who uses them
	hidden  *schema.Redactor // nil for the built-in one
}

// Hidden replaces what must not be shown of the file: credentials, what its texts took
// from the environment, and literals that are unlike what their key is for.
func (f *File) Hidden() *schema.Redactor { return f.hidden }

// Lake is where the tables, the archive and the manifests are kept.
type Lake struct {
	URL       string // "s3://bucket", "s3://bucket/prefix" or "file:folder", never with a slash at the end
	Endpoint  string // URL of an S3-compatible store; empty for AWS
	Region    string
	PathStyle bool     // bucket in the path of the URL, not in the host name
	Buckets   int      // files per table and day, 1 to 256
	Warnings  []string // what is legal and perhaps not meant
}

// App is an application on Douyin's open platform: its credentials and its quota.
type App struct {
	Name         string // its key in jobs.yaml
	BaseURL      string // https, or http to this machine; never with a slash at the end
	ClientKey    string
	ClientSecret schema.Secret
	QPS          float64       // requests per second and API, more than 0
	Timeout      time.Duration // of one request
	Callbacks    *Callbacks    // nil: none are received
}

// Callbacks says how the settle callbacks of an app are verified.
type Callbacks struct {
	PublicKeys  []string      // paths of the platform's keys, PEM: the current one and others while they change; at least one
	LegacyToken schema.Secret // of callbacks of 担保支付; empty: they are not received
	AppIDs      []string      // of the mini-programs whose callbacks come here; empty: ClientKey is the only one
}

// AppIDs returns the mini-programs whose callbacks are the app's.
func (a *App) AppIDs() schema.AppIDs {
	if a.Callbacks != nil && len(a.Callbacks.AppIDs) > 0 {
		return a.Callbacks.AppIDs
	}
	return schema.AppIDs{a.ClientKey}
}

// Job is what one `billwalk run` does.
type Job struct {
	Name        string // its key in jobs.yaml
	Accounts    []schema.Account
	Dates       Dates
	Lookback    int // days before the first of Dates that are looked at again, 0 to 90; by default 7 with Settlements, else 0
	Bills       Bills
	Settlements *Settlements // nil: bills are published without a join
	Columns     Columns
	Warnings    []string // what is legal and perhaps not meant
}

// Bills says how the bills are walked.
type Bills struct {
	App      string // key in File.Apps
	PageSize int    // bills per request, 1 to 50
	Passes   int    // equal walks in a row before a unit is published, 1 to 4
}

// Settlements says how the settlements of the bills' orders are asked for.
type Settlements struct {
	App          string         // key in File.Apps
	Match        []schema.Match // tried in this order; at least one
	ToleranceFen schema.Fen
	FinalCheck   bool // orders that agree are asked for once more on the last night of their lookback
}

// Columns says what becomes of columns that hold more than money and ids.
type Columns struct {
	Code    CodePolicy
	CodeKey schema.Secret // key of the HMAC-SHA256; not empty when Code is Hash
}

// CodePolicy says what becomes of coupon codes, which are as good as cash until used.
type CodePolicy string

const (
	Keep CodePolicy = "keep" // published as they are
	Hash CodePolicy = "hash" // published as HMAC-SHA256, so that equal codes stay equal
	Drop CodePolicy = "drop" // NULL
)

// Names returns the names of all jobs, sorted.
func (f *File) Names() []string { return slices.Sorted(maps.Keys(f.Jobs)) }

// Job returns the job of that name. A name that is not there is an error that
// tells the nearest one; variables of the environment that this job or its apps
// need and do not find are [Faults].
func (f *File) Job(name string) (Job, error) {
	job, ok := f.Jobs[name]
	if !ok {
		names := f.Names()
		return Job{}, fmt.Errorf("%s has no job %s: %sits jobs are %s",
			f.path, quote(name), didYouMean(name, names), strings.Join(names, ", "))
	}
	owners := []string{"jobs." + name, "apps." + job.Bills.App}
	if job.Settlements != nil {
		owners = append(owners, "apps."+job.Settlements.App)
	}
	return job, f.faultsOf(owners)
}

// Receivers returns the apps whose callbacks are received, by name. Variables of
// the environment that those sections need and do not find are [Faults]; whatever
// else the apps and the jobs need does not matter.
func (f *File) Receivers() ([]App, error) {
	var apps []App
	var owners []string
	for _, name := range slices.Sorted(maps.Keys(f.Apps)) {
		if app := f.Apps[name]; app.Callbacks != nil {
			apps, owners = append(apps, app), append(owners, "callbacks."+name)
		}
	}
	if len(apps) == 0 {
		return nil, fmt.Errorf("%s has no app with callbacks: give one public_keys, as the manual shows", f.path)
	}
	return apps, f.faultsOf(owners)
}

// AppIDs returns the mini-programs of all apps: a callback in the archive counts if it
// is of one of them. An app whose key is not known here has none.
func (f *File) AppIDs() schema.AppIDs {
	all := schema.AppIDs{}
	for _, name := range slices.Sorted(maps.Keys(f.Apps)) {
		app := f.Apps[name]
		for _, id := range app.AppIDs() {
			if id != "" {
				all = append(all, id)
			}
		}
	}
	return all
}

// faultsOf returns the environment's faults that the owners suffer, as an error.
func (f *File) faultsOf(owners []string) error {
	var faults Faults
	for _, fault := range f.pending {
		if slices.Contains(owners, fault.owner) {
			faults = append(faults, fault)
		}
	}
	if len(faults) > 0 {
		return faults
	}
	return nil
}

// DemoName is the name of the built-in job.
const DemoName = "demo"

// Demo returns the built-in file with the one job "demo": the accounts' bills of
// the last three closed days and their settlements, from the platform at baseURL
// into the folder lake. Its credentials open nothing but a sandbox.
func Demo(baseURL string, accounts []schema.Account) *File {
	app := func(name string, qps float64) App {
		return App{Name: name, BaseURL: baseURL, ClientKey: name, ClientSecret: schema.NewSecret(DemoName), QPS: qps, Timeout: 30 * time.Second}
	}
	return &File{
		Lake: Lake{URL: "file:lake", Region: "us-east-1", Buckets: 1},
		Apps: map[string]App{"life": app("life", 50), "trade": app("trade", 500)},
		Jobs: map[string]Job{DemoName: {
			Name:     DemoName,
			Accounts: accounts,
			Dates:    Dates{From: Date{ago: 3}, To: Date{ago: 1}},
			Lookback: 7,
			Bills:    Bills{App: "life", PageSize: maxPageSize, Passes: 2},
			Settlements: &Settlements{App: "trade", Match: []schema.Match{
				{Parameter: "order_id", Column: "shop_order_id"}, {Parameter: "out_order_no", Column: "order_ext_id"},
			}},
			Columns: Columns{Code: Drop},
		}},
		path: "the built-in file",
	}
}
