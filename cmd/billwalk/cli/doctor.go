package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"billwalk/pipeline/douyin"
	"billwalk/pipeline/jobs"
	"billwalk/pipeline/normalise"
	"billwalk/schema"
	"billwalk/sinks/lake"
	"billwalk/sinks/object"
)

// doctor gathers what check finds.
type doctor struct {
	now    func() time.Time
	hidden *schema.Redactor
	checks []checked

	logProbe         func(object.Trial)
	wrongCredentials bool // of an app

	mu    sync.Mutex
	skews map[string]time.Duration // by host: how far this machine's clock is ahead
}

func (d *doctor) add(name string, s checkState, detail, fix string) {
	d.checks = append(d.checks, checked{name, s, d.hidden.Text(detail), d.hidden.Text(fix)})
}

// patience is how long one check waits for answers.
const patience = time.Minute

// fixStore goes with whatever the store itself says.
const fixStore = "检查 lake.url、lake.endpoint、网络和凭证权限; check lake.url, lake.endpoint, the network, and that the credentials may list, read and write there"

// store probes the store, never from what an earlier probe left.
func (d *doctor) store(ctx context.Context, place jobs.Lake) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	store, err := openStore(ctx, place, d.watch)
	var trial object.Trial
	if err == nil {
		trial, err = object.Probe(ctx, store, d.logProbe)
	}
	if bad, ok := errors.AsType[*object.ProbeError](err); ok {
		d.add("store", stateOK, place.URL+" can be listed, read and written", "")
		d.add("store semantics", stateFailed, bad.Reason, bad.Fix)
		return
	}
	if trial.Written && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		d.add("store", stateOK, place.URL+" can be listed, read and written", "")
		d.add("store semantics", stateWarning, fmt.Sprintf("slow: after %s no more than %s", patience, trial), fixSlow)
		return
	}
	if err != nil {
		d.add("store", stateFailed, err.Error(), fixStore)
		d.add("store semantics", stateWarning, "not checked: the store could not be asked", "")
		return
	}
	if _, err := lake.Open(ctx, store, place.Buckets, Version()); err != nil {
		d.add("store", stateFailed, err.Error(), fixConfig)
	} else {
		d.add("store", stateOK, place.URL+" can be listed, read and written", "")
	}
	if trial.Slow() {
		d.add("store semantics", stateWarning, trial.String()+"; conditional writes hold, and each race had one winner", fixSlow)
		return
	}
	d.add("store semantics", stateOK, "conditional writes hold, and each race had one winner", "")
}

const fixSlow = "存储较慢但可用; the store serves writers one after another: it works, and publishing takes longer"

// platform asks for a token of each app, and for one page of each job.
func (d *doctor) platform(ctx context.Context, file *jobs.File, usable []jobs.Job) {
	clients := make(map[string]*douyin.Client) // of the apps that have a token
	defer func() {
		for _, c := range clients {
			c.CloseIdleConnections()
		}
	}()
	for _, app := range appsOf(usable) {
		// At a terminal an outage is reported at once, in one place.
		client := douyin.New(credentials(file.Apps[app]), douyin.WithLogger(slog.New(slog.DiscardHandler)), douyin.WithTransportWrap(d.watch), douyin.WithPatience(0), douyin.WithHidden(d.hidden))
		if d.answered("token", "app "+app, d.within(ctx, client.Token)) {
			d.add("token", stateOK, "app "+app+": granted", "")
			clients[app] = client
			continue
		}
		client.CloseIdleConnections()
	}
	for _, job := range usable {
		d.job(ctx, job, clients)
	}
}

// appsOf returns the names of the apps that the jobs use, sorted.
func appsOf(usable []jobs.Job) []string {
	apps := make(map[string]bool)
	for _, job := range usable {
		apps[job.Bills.App] = true
		if job.Settlements != nil {
			apps[job.Settlements.App] = true
		}
	}
	return slices.Sorted(maps.Keys(apps))
}

// job asks for one bill of yesterday of the job's first account, and then how its
// order was shared out.
func (d *doctor) job(ctx context.Context, job jobs.Job, clients map[string]*douyin.Client) {
	unit := schema.Unit{Account: job.Accounts[0], Day: schema.DayOf(d.now()) - 1}
	subject := fmt.Sprintf("job %s, account %s on %s", job.Name, unit.Account.ID, unit.Day)
	var bills []schema.Bill
	if client := clients[job.Bills.App]; client == nil {
		d.add("page", stateWarning, subject+": not checked, since app "+job.Bills.App+" has no token", "")
	} else if d.answered("page", subject, d.within(ctx, func(ctx context.Context) (err error) {
		bills, err = firstBills(ctx, client, unit)
		return err
	})) {
		d.add("page", stateOK, fmt.Sprintf("%s: answered with %s", subject, count(len(bills), "bill")), "")
	}
	if job.Settlements == nil {
		return
	}
	subject = "job " + job.Name
	client, question := clients[job.Settlements.App], questionOf(bills, job.Settlements.Match)
	switch {
	case client == nil:
		d.add("settlements", stateWarning, subject+": not checked, since app "+job.Settlements.App+" has no token", "")
	case question.Value == "":
		d.add("settlements", stateWarning, subject+": not checked, since there is no order of yesterday to ask for", "")
	case d.answered("settlements", subject, d.within(ctx, func(ctx context.Context) error {
		_, err := client.Settlements(ctx, question)
		return err
	})):
		d.add("settlements", stateOK, fmt.Sprintf("%s: answered for one order, by %s", subject, question.Match), "")
	}
}

// firstBills returns the bills of a page that has room for one.
func firstBills(ctx context.Context, client *douyin.Client, unit schema.Unit) ([]schema.Bill, error) {
	answer, err := client.Bills(ctx, unit, "0", 1)
	if err != nil {
		return nil, err
	}
	page, err := normalise.DecodePage(answer.Body)
	if err != nil {
		return nil, err
	}
	var bills []schema.Bill
	for _, record := range page.Records {
		bills = append(bills, normalise.Normaliser{}.Row(record, normalise.Provenance{Walk: unit.Account.ID, Day: unit.Day}).Bill)
	}
	return bills, nil
}

// questionOf returns the first question that a bill allows by the job's rules, or
// one without a value.
func questionOf(bills []schema.Bill, rules []schema.Match) schema.Query {
	for _, bill := range bills {
		for _, rule := range rules {
			if id := schema.Bills.Column(rule.Column).Text(&bill); id.Valid && id.V != "" {
				return schema.Query{Match: rule, Value: id.V}
			}
		}
	}
	return schema.Query{}
}

// within gives one check its time.
func (d *doctor) within(ctx context.Context, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return ask(ctx)
}

const fixSilence = "检查网络与 base_url; check the network and the app's base_url"

// answered reports whether there was no error, and else adds it to the findings.
func (d *doctor) answered(name, subject string, err error) bool {
	fault, ok := errors.AsType[*douyin.Error](err)
	switch {
	case err == nil:
		return true
	case !ok:
		d.add(name, stateFailed, subject+": "+err.Error(), fixSilence)
		return false
	}
	d.wrongCredentials = d.wrongCredentials || fault.WrongCredentials()
	f := fault.Failure()
	detail := subject + ": " + f.Reason
	if f.Code != 0 && !strings.Contains(f.Reason, fmt.Sprint(f.Code)) {
		detail += fmt.Sprintf(" (code %d)", f.Code)
	}
	if f.LogID != "" {
		detail += " (logid " + f.LogID + ")"
	}
	s := stateFailed
	if f.Reach == schema.ReachUnavailable {
		s = stateWarning // a state of the business: the API works
	}
	d.add(name, s, detail, f.Hint)
	return false
}

// watch notes what the servers take for the time.
func (d *doctor) watch(next http.RoundTripper) http.RoundTripper { return watched{next, d} }

type watched struct {
	http.RoundTripper
	d *doctor
}

// RoundTrip implements http.RoundTripper.
func (w watched) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := w.RoundTripper.RoundTrip(r)
	if err != nil {
		return answer, err
	}
	if date, parseErr := http.ParseTime(answer.Header.Get("Date")); parseErr == nil {
		w.d.mu.Lock()
		defer w.d.mu.Unlock()
		w.d.skews[r.URL.Host] = w.d.now().Sub(date)
	}
	return answer, err
}

// CloseIdleConnections is what an http.Client looks for in its transport.
func (w watched) CloseIdleConnections() {
	if closer, ok := w.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

const (
	skewDoubted = time.Minute      // signatures and tokens still hold, day ends are off
	skewBroken  = 10 * time.Minute // S3 refuses signatures at 15
	fixClock    = "校准本机时钟(NTP); set this machine's clock, by NTP"
)

// clock compares this machine's clock with those of the servers that were asked.
func (d *doctor) clock() {
	if len(d.skews) == 0 {
		d.add("clock", stateWarning, "not checked: no server told the time", "")
		return
	}
	var worst time.Duration
	var clocks []string
	for _, host := range slices.Sorted(maps.Keys(d.skews)) {
		skew := d.skews[host]
		worst = max(worst, skew.Abs())
		clocks = append(clocks, aheadOf(skew)+" "+host)
	}
	s, fix := stateOK, ""
	switch {
	case worst >= skewBroken:
		s, fix = stateFailed, fixClock
	case worst >= skewDoubted:
		s, fix = stateWarning, fixClock
	}
	d.add("clock", s, "this machine is "+strings.Join(clocks, ", "), fix)
}

// aheadOf says a difference of clocks. A server's date has whole seconds.
func aheadOf(skew time.Duration) string {
	switch s := skew.Truncate(time.Second); {
	case s.Abs() <= 2*time.Second:
		return "within 2s of"
	case s > 0:
		return s.String() + " ahead of"
	default:
		return s.Abs().String() + " behind"
	}
}
