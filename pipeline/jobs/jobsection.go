package jobs

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"billwalk/schema"
)

func (r *reader) job(e entry) Job {
	m, ok := r.mapping(entryLabel("jobs", e, jobKeys), r.at(e.key), e.value, jobKeys)
	if !ok {
		return Job{}
	}
	job := Job{Name: e.name}
	if n, ok := m.node("accounts"); ok {
		r.accounts(n, &job)
	}
	job.Dates = r.dates(m)
	if n, ok := m.node("bills"); ok {
		job.Bills = r.bills(n)
	}
	r.settlementsAndLookback(m, &job)
	if n, ok := m.values["withdrawals"]; ok {
		job.Withdrawals = r.withdrawals(n)
	}
	job.Stores = optional(m, "stores", false, boolean)
	job.Columns = r.columns(m)
	job.Report = optional(m, "report", true, boolean)
	if n, ok := m.values["notify"]; ok {
		job.Notify = r.webhooks(n)
	}
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

// settlementsAndLookback reads both keys, as the default and the minimum of lookback
// depend on settlements.
func (r *reader) settlementsAndLookback(m mapping, job *Job) {
	before, byDefault := len(r.faults), 0
	if n, ok := m.values["settlements"]; ok {
		job.Settlements, byDefault = r.settlements(n), defaultLookback
	}
	job.Lookback = optional(m, "lookback", byDefault, lookback)
	if s := job.Settlements; s != nil && s.FinalCheck && job.Lookback == 0 && len(r.faults) == before {
		v, _ := r.scalar("lookback", m.values["lookback"]) // present, as the default is more than 0
		r.faultOf(v, "lookback: want at least 1d for final_check: true, which queries on the last night of the lookback, %s", v.found("lookback"))
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

// appName reads the name of an app of this file. It accepts any name if the file has no
// app, which is reported elsewhere.
func (r *reader) appName(text string) (string, error) {
	if len(r.apps) > 0 && !slices.Contains(r.apps, text) {
		hint := didYouMean(text, r.shownApps)
		return "", wantError("the name of an app: " + hint + "the apps are " + strings.Join(r.shownApps, ", "))
	}
	return text, nil
}

// matches reads the ordered list of mappings `parameter: column`.
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
