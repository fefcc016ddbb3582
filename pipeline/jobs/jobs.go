// Package jobs reads jobs.yaml: which accounts a job walks, for which days, with
// which application, and where the result goes. The commented jobs.yaml at the
// top of the repository is its manual.
//
// It is strict, so that mistakes are found before the nightly run: unknown and
// repeated keys, wrong types, impossible values and unset variables are faults with
// their line and column, and all are reported at once. It never guesses, never opens a
// connection, and shows neither secrets nor values of environment variables.
package jobs

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"billwalk/schema"
)

// File is a jobs.yaml without faults, with all defaults filled in.
type File struct {
	Lake Lake
	Apps map[string]App
	Jobs map[string]Job

	path    string           // for messages
	lines   map[string]place // of the jobs
	pending []Fault          // the environment's faults in apps and jobs, returned by Job and Receivers to those that need them
	hidden  *schema.Redactor // nil for the built-in file
}

// Hidden returns a redactor of what must not be shown: the file's credentials, values of
// environment variables, and texts that do not look like a value of their key.
func (f *File) Hidden() *schema.Redactor { return f.hidden }

// Lake says where the tables, the archive and the manifests are stored.
type Lake struct {
	URL       string // "s3://bucket", "s3://bucket/prefix" or "file:folder", without a slash at the end
	Endpoint  string // URL of an S3-compatible store; empty for AWS
	Region    string
	PathStyle bool     // the bucket is in the path of the URL, not in the host name
	Buckets   int      // files per table and day, 1 to 256
	Warnings  []string // about values that are valid, but probably a mistake
}

// App is an application on Douyin's open platform: its credentials and its quota.
type App struct {
	Name         string // its key in jobs.yaml
	BaseURL      string // https, or http to this machine; without a slash at the end
	ClientKey    string
	ClientSecret schema.Secret
	QPS          float64       // requests per second and API, more than 0
	Timeout      time.Duration // of one request
	Callbacks    *Callbacks    // nil if none are received
}

// Callbacks says how the settle callbacks of an app are verified.
type Callbacks struct {
	PublicKeys  []string      // paths of the platform's keys in PEM, at least one; several while a key is replaced
	LegacyToken schema.Secret // of callbacks of 担保支付, which are refused when it is empty
	AppIDs      []string      // the mini-programs whose callbacks are received; ClientKey when empty
}

// AppIDs returns the mini-programs whose callbacks belong to the app.
func (a *App) AppIDs() schema.AppIDs {
	if a.Callbacks != nil && len(a.Callbacks.AppIDs) > 0 {
		return a.Callbacks.AppIDs
	}
	return schema.AppIDs{a.ClientKey}
}

// Job says what one `billwalk run` does.
type Job struct {
	Name        string // its key in jobs.yaml
	Accounts    []schema.Account
	Until       map[schema.AccountID]schema.Day // accounts whose merchant may not have authorised the app yet, up to and including the day
	Dates       Dates
	Lookback    int // days before the first of Dates that are fetched again, 0 to 90; by default 7 with Settlements, else 0
	Bills       Bills
	Settlements *Settlements // nil if bills are published without a join
	Withdrawals *Withdrawals // nil if withdrawals are not followed
	Stores      bool         // the names of stores are asked for
	Columns     Columns
	Report      bool      // written into the lake after a run; true by default
	Notify      []Webhook // notified after a run, in this order
	Warnings    []string  // about values that are valid, but probably a mistake
}

// Bills says how the bills are walked.
type Bills struct {
	App      string // key in File.Apps
	PageSize int    // bills per request, 1 to 50
	Passes   int    // equal walks in a row before a unit is published, 1 to 4
}

// Settlements says how the settlements of the bills' orders are queried.
type Settlements struct {
	App          string         // key in File.Apps
	Match        []schema.Match // tried in this order; at least one
	ToleranceFen schema.Fen
	FinalCheck   bool // matched orders are queried once more on the last night of their lookback
}

// Columns says how columns that need protection are published.
type Columns struct {
	Code    CodePolicy
	CodeKey schema.Secret // key of the HMAC-SHA256; not empty when Code is Hash
}

// CodePolicy says how coupon codes are published. Until they are used, they are as good
// as cash.
type CodePolicy string

const (
	Keep CodePolicy = "keep" // published as they are
	Hash CodePolicy = "hash" // published as HMAC-SHA256, so that equal codes stay equal
	Drop CodePolicy = "drop" // NULL
)

// Names returns the names of all jobs, sorted.
func (f *File) Names() []string { return slices.Sorted(maps.Keys(f.Jobs)) }

// Job returns the job of that name. The error of an unknown name suggests the nearest
// one. If this job or its apps need environment variables that are not set, the error is
// [Faults].
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

// Receivers returns the apps with callbacks, sorted by name. If their callbacks sections
// need environment variables that are not set, the error is [Faults]; other sections do
// not matter.
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

// AppIDs returns the mini-programs of all apps, whose callbacks in the archive count. An
// app whose client_key is not set here has none.
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

// faultsOf returns the environment's faults in the owners' sections as an error, or nil.
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
			Report:  true,
		}},
		path: "the built-in file",
	}
}
