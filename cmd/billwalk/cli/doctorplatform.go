package cli

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"billwalk/pipeline/douyin"
	"billwalk/pipeline/jobs"
	"billwalk/schema"
)

// platform asks for a token of each app, for a page of each account, and for settlements.
func (d *doctor) platform(ctx context.Context, file *jobs.File, usable []jobs.Job) {
	clients := make(map[string]*douyin.Client) // of the apps that have a token
	defer func() {
		for _, c := range clients {
			c.CloseIdleConnections()
		}
	}()
	for _, app := range appsOf(usable) {
		// At a terminal an outage is reported at once, in one place, and who waits for the answer sees a failure soon.
		client := douyin.New(credentials(file.Apps[app]), douyin.WithPatience(0), douyin.WithAttempts(triedAtMost),
			douyin.WithLogger(slog.New(slog.DiscardHandler)), douyin.WithTransportWrap(d.watch), douyin.WithHidden(d.hidden))
		if d.answered("token", "app "+app, d.within(ctx, client.Token)) {
			d.ok("token", "app "+app+": granted")
			clients[app] = client
			continue
		}
		client.CloseIdleConnections()
	}
	for _, job := range usable {
		bills := d.pages(ctx, job, file.Apps[job.Bills.App].QPS, clients[job.Bills.App])
		if job.Settlements != nil {
			d.settlements(ctx, job, file.Apps[job.Settlements.App], clients[job.Settlements.App], bills)
		}
	}
	for _, app := range slices.Sorted(maps.Keys(clients)) {
		d.pace(app, clients[app].Stats())
	}
}

// pace warns of a qps that the platform does not allow.
func (d *doctor) pace(app string, s douyin.Stats) {
	if s.Throttled == 0 {
		return
	}
	d.add("pace", stateWarning, fmt.Sprintf("app %s: the platform refused %d of %s as too many, at qps %g", app, s.Throttled, count(int(s.Bills+s.Settlements+s.Token), "call"), s.Cap),
		"降低 qps,或查看是否有其他程序共用该应用的配额; lower the app's qps in jobs.yaml below its quota, which all who use the app share", codeTooMany)
}

// triedAtMost is how often a call is tried.
const triedAtMost = 3

// codeTooMany is the platform's code for calls beyond the app's quota of a second.
const codeTooMany = "2119003"

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

// maxOrders is how many orders are asked for: enough that some have been shared out.
const maxOrders = 8

// settlements asks how some orders of the bills were shared out, by the job's rules.
func (d *doctor) settlements(ctx context.Context, job jobs.Job, app jobs.App, client *douyin.Client, bills [][]schema.Bill) {
	const name = "settlements"
	subject := "job " + job.Name
	orders := ordersOf(bills, job.Settlements.Match)
	switch {
	case client == nil:
		d.add(name, stateWarning, subject+": not checked, since app "+app.Name+" has no token", "", "")
		return
	case len(orders) == 0:
		d.add(name, stateWarning, subject+": not checked, since there is no order of yesterday to ask for", "", "")
		return
	}
	found, by := 0, make(map[string]int)
	for _, questions := range orders {
		rule, err := d.ask(ctx, client, questions)
		if err != nil {
			d.failure(name, subject, err, wrongApp(job, app, err))
			return
		}
		if rule != "" {
			found++
			by[rule]++
		}
	}
	if found == 0 && len(orders) >= minOrders {
		d.add(name, stateWarning, fmt.Sprintf("%s: no settlement of %s was found, by %s", subject, count(len(orders), "order"), rulesText(job.Settlements.Match)), adviceOf(schema.CodeMatch), schema.CodeMatch)
		return
	}
	detail := fmt.Sprintf("%s: answered for %s", subject, count(len(orders), "order"))
	for _, rule := range slices.Sorted(maps.Keys(by)) {
		detail += fmt.Sprintf(", %d found by %s", by[rule], rule)
	}
	d.ok(name, detail)
}

// minOrders is how many orders without a settlement are no accident.
const minOrders = 3

// ask asks for an order by each rule until one finds something, and returns that rule.
func (d *doctor) ask(ctx context.Context, client *douyin.Client, questions []schema.Query) (rule string, err error) {
	for _, q := range questions {
		var n int
		err := d.within(ctx, func(ctx context.Context) error {
			answer, err := client.Settlements(ctx, q)
			n = len(answer.Decoded.Records)
			return err
		})
		if err != nil {
			return "", err
		}
		if n > 0 {
			return q.Match.String(), nil
		}
	}
	return "", nil
}

// ordersOf returns the questions about at most maxOrders orders of the accounts' bills, of
// many accounts rather than of one.
func ordersOf(bills [][]schema.Bill, rules []schema.Match) (orders [][]schema.Query) {
	for i := range perAccount {
		for _, account := range bills {
			if i >= len(account) || len(orders) == maxOrders {
				continue
			}
			if questions := questionsOf(&account[i], rules); len(questions) > 0 {
				orders = append(orders, questions)
			}
		}
	}
	return orders
}

// questionsOf returns what can be asked about a bill's order, by the job's rules. A refund
// is not shared out.
func questionsOf(bill *schema.Bill, rules []schema.Match) (questions []schema.Query) {
	if bill.SettleType != forward {
		return nil
	}
	for _, rule := range rules {
		if id := schema.Bills.Column(rule.Column).Text(bill); id.Valid && id.V != "" {
			questions = append(questions, schema.Query{Match: rule, Value: id.V})
		}
	}
	return questions
}

const forward = 1 // settle_type

func rulesText(rules []schema.Match) string {
	var texts []string
	for _, rule := range rules {
		texts = append(texts, rule.String())
	}
	return strings.Join(texts, ", ")
}

// wrongApp returns what to do where the settle query is refused to an app that is no
// mini-program, or "".
func wrongApp(job jobs.Job, app jobs.App, err error) string {
	f := schema.FailureOf(err, schema.Unit{})
	if f.Code == 0 || f.Reach != schema.ReachApp || app.Name != job.Bills.App && !strings.HasPrefix(app.ClientKey, "aw") {
		return ""
	}
	return fmt.Sprintf("settlements.app 应填小程序应用(client_key 以 tt 开头),而不是生活服务应用 %s; settlements.app of job %s names %s, the life-service app of the bills: name that of the mini-program, whose client_key begins with tt", app.Name, job.Name, app.Name)
}
