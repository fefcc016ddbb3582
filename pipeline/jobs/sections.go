package jobs

import (
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"billwalk/schema"
)

// The keys of each section. A test holds the manual to them.
var (
	fileKeys        = []string{"version", "lake", "apps", "jobs"}
	lakeKeys        = []string{"url", "endpoint", "region", "path_style", "buckets"}
	appKeys         = []string{"base_url", "client_key", "client_secret", "qps", "timeout", "callbacks"}
	callbacksKeys   = []string{"public_keys", "legacy_token", "app_ids"}
	jobKeys         = []string{"accounts", "dates", "lookback", "bills", "settlements", "columns"}
	datesKeys       = []string{"from", "to"}
	billsKeys       = []string{"app", "page_size", "passes"}
	settlementsKeys = []string{"app", "match", "tolerance_fen", "final_check"}
	columnsKeys     = []string{"code", "code_key"}

	parameters   = []string{"settle_id", "order_id", "out_settle_no", "out_order_no"}
	matchColumns = []string{"shop_order_id", "item_order_id", "order_ext_id", "certificate_id", "verify_id"}
)

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

// namedEntries returns the entries of apps or jobs: at least one, with names that fit
// into a message, a path and a command line.
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
		if !nameForm.MatchString(e.name) {
			r.fault(r.at(e.key), "%s: want a name of letters, digits, _, - and ., %s", key, describe(e.name))
		}
	}
	return entries
}

func (r *reader) lake(n *yaml.Node) Lake {
	m, ok := r.mapping("lake", r.at(n), n, lakeKeys)
	if !ok {
		return Lake{}
	}
	lake := Lake{
		URL:       required(m, "url", lakeURL),
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

func (r *reader) app(e entry) App {
	m, ok := r.mapping(entryLabel("apps", e, appKeys), r.at(e.key), e.value, appKeys)
	if !ok {
		return App{}
	}
	app := App{
		Name:         e.name,
		BaseURL:      required(m, "base_url", platformURL),
		ClientKey:    required(m, "client_key", credential),
		ClientSecret: required(m, "client_secret", credentialSecret),
		QPS:          optional(m, "qps", 10, perSecond),
		Timeout:      optional(m, "timeout", 30*time.Second, timeout),
	}
	if n, ok := m.values["callbacks"]; ok {
		r.owner = "callbacks." + e.name
		app.Callbacks = r.callbacks(n)
		if app.Callbacks != nil && len(app.Callbacks.AppIDs) == 0 {
			_ = required(m, "client_key", credential) // a receiver needs it, too
		}
	}
	return app
}

func (r *reader) callbacks(n *yaml.Node) *Callbacks {
	m, ok := r.mapping("callbacks", r.at(n), n, callbacksKeys)
	if !ok {
		return nil
	}
	c := &Callbacks{LegacyToken: optional(m, "legacy_token", schema.Secret{}, legacyToken)}
	if n, ok := m.node("public_keys"); ok {
		c.PublicKeys = r.paths("public_keys", n)
	}
	if n, ok := m.values["app_ids"]; ok {
		c.AppIDs = r.appIDs(n)
	}
	return c
}

// appIDs reads a list of mini-programs.
func (r *reader) appIDs(n *yaml.Node) []string {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		r.fault(r.at(n), "app_ids: want a list such as [ttcfdbb96650e33350], found %s", kind(n))
		return nil
	}
	var ids []string
	for _, item := range n.Content {
		v, ok := r.scalar("app_ids", item)
		if !ok {
			continue
		}
		id, err := credential(v.text)
		switch {
		case err != nil:
			r.faultOf(v, "app_ids: want %v", err)
		case slices.Contains(ids, id):
			r.faultOf(v, "app_ids: a mini-program is repeated")
		default:
			ids = append(ids, id)
		}
	}
	return ids
}

// paths reads a list of files, which lie relative to jobs.yaml. They are not opened.
func (r *reader) paths(key string, n *yaml.Node) []string {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		r.fault(r.at(n), "%s: want a list of files such as [platform.pem], found %s", key, kind(n))
		return nil
	}
	var paths []string
	for _, item := range n.Content {
		v, ok := r.scalar(key, item)
		if !ok {
			continue
		}
		path, err := plainText(v.text)
		switch path = r.beside(path); {
		case err != nil:
			r.faultOf(v, "%s: want %v, %s", key, err, v.found(key))
		case slices.Contains(paths, path):
			r.faultOf(v, "%s: a file is repeated, %s", key, v.found(key))
		default:
			paths = append(paths, path)
		}
	}
	return paths
}

// beside resolves a path against the folder of jobs.yaml.
func (r *reader) beside(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(r.path), path)
}

func (r *reader) job(e entry) Job {
	m, ok := r.mapping(entryLabel("jobs", e, jobKeys), r.at(e.key), e.value, jobKeys)
	if !ok {
		return Job{}
	}
	job := Job{Name: e.name}
	if n, ok := m.node("accounts"); ok {
		job.Accounts, job.Warnings = r.accounts(n)
	}
	job.Dates = r.dates(m)
	if n, ok := m.node("bills"); ok {
		job.Bills = r.bills(n)
	}
	r.settlementsAndLookback(m, &job)
	job.Columns = r.columns(m)
	if warning := codeKeyWarning(job.Columns.CodeKey); warning != "" {
		job.Warnings = append(job.Warnings, warning)
	}
	if job.Columns.Code == Hash && job.Columns.CodeKey.Empty() {
		job.Columns.Code = Drop
		job.Warnings = append(job.Warnings, "columns: code is hash, but code_key is empty: coupon codes are left out (NULL)")
	}
	return job
}

func (r *reader) dates(job mapping) Dates {
	dates := Dates{From: Date{ago: 1}, To: Date{ago: 1}}
	n, ok := job.values["dates"]
	if !ok {
		return dates
	}
	m, ok := r.mapping("dates", r.at(n), n, datesKeys)
	if !ok {
		return dates
	}
	before := len(r.faults)
	dates.From, dates.To = required(m, "from", date), required(m, "to", date)
	if len(r.faults) == before && dates.From.after(dates.To) {
		r.fault(r.at(m.values["from"]), "from: %s is after to: %s: put the earlier one first", dates.From, dates.To)
	}
	return dates
}

func (r *reader) bills(n *yaml.Node) Bills {
	m, ok := r.mapping("bills", r.at(n), n, billsKeys)
	if !ok {
		return Bills{}
	}
	return Bills{
		App:      required(m, "app", r.appName),
		PageSize: optional(m, "page_size", maxPageSize, wholeNumber(1, maxPageSize)),
		Passes:   optional(m, "passes", 2, wholeNumber(1, maxPasses)),
	}
}

// settlementsAndLookback reads the two keys together: one has its default, and its
// least value, from the other.
func (r *reader) settlementsAndLookback(m mapping, job *Job) {
	before, byDefault := len(r.faults), 0
	if n, ok := m.values["settlements"]; ok {
		job.Settlements, byDefault = r.settlements(n), defaultLookback
	}
	job.Lookback = optional(m, "lookback", byDefault, lookback)
	if s := job.Settlements; s != nil && s.FinalCheck && job.Lookback == 0 && len(r.faults) == before {
		v, _ := r.scalar("lookback", m.values["lookback"]) // it is written: the default is more
		r.faultOf(v, "lookback: want at least 1d for final_check: true, which asks on the last night of the lookback, %s", v.found("lookback"))
	}
}

func (r *reader) settlements(n *yaml.Node) *Settlements {
	m, ok := r.mapping("settlements", r.at(n), n, settlementsKeys)
	if !ok {
		return nil
	}
	s := &Settlements{
		App:          required(m, "app", r.appName),
		ToleranceFen: optional(m, "tolerance_fen", 0, wholeNumber[schema.Fen](0, maxFen)),
		FinalCheck:   optional(m, "final_check", false, boolean),
	}
	if n, ok := m.node("match"); ok {
		s.Match = r.matches(n)
	}
	return s
}

// appName reads the name of an app of this file. Without any app, that is the fault to tell.
func (r *reader) appName(text string) (string, error) {
	if len(r.apps) > 0 && !slices.Contains(r.apps, text) {
		hint := didYouMean(text, r.shownApps)
		return "", wantError("the name of an app: " + hint + "the apps are " + strings.Join(r.shownApps, ", "))
	}
	return text, nil
}

// matches reads the list of one-key mappings `parameter: column`, whose order counts.
func (r *reader) matches(n *yaml.Node) []schema.Match {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		r.fault(r.at(n), "match: want a list such as - order_id: shop_order_id, found %s", kind(n))
		return nil
	}
	var matches []schema.Match
	for _, item := range n.Content {
		m, ok := r.mapping("match", r.at(item), item, parameters)
		if !ok {
			continue
		}
		if len(item.Content) != 2 {
			r.fault(r.at(item), "match: want one parameter and its column in each line, for their order counts, found %d", len(item.Content)/2)
			continue
		}
		for parameter := range m.values {
			match := schema.Match{Parameter: parameter, Column: required(m, parameter, oneOf(matchColumns...))}
			if slices.Contains(matches, match) {
				r.fault(r.at(item), "match: %s: %s is repeated", match.Parameter, match.Column)
				continue
			}
			matches = append(matches, match)
		}
	}
	return matches
}

func (r *reader) columns(job mapping) Columns {
	columns := Columns{Code: Drop}
	n, ok := job.values["columns"]
	if !ok {
		return columns
	}
	m, ok := r.mapping("columns", r.at(n), n, columnsKeys)
	if !ok {
		return columns
	}
	columns.Code = optional(m, "code", Drop, oneOf(Keep, Hash, Drop))
	columns.CodeKey = optional(m, "code_key", schema.Secret{}, secretOrNone)
	return columns
}
