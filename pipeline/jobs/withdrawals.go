package jobs

import (
	"slices"

	"go.yaml.in/yaml/v4"
)

// Withdrawals says how a job follows withdrawals.
type Withdrawals struct {
	Lookback int // launch days that are looked at again, 0 to 90
	Statuses Statuses
}

// Statuses are the values of a withdrawal's status, by what they mean.
type Statuses struct{ InFlight, Paid, Failed []string }

func (r *reader) withdrawals(n *yaml.Node) *Withdrawals {
	m, ok := r.mapping("withdrawals", r.at(n), n, withdrawalsKeys)
	if !ok {
		return nil
	}
	w := &Withdrawals{Lookback: optional(m, "lookback", defaultWithdrawalsLookback, lookback), Statuses: Statuses{[]string{"1"}, []string{"2"}, []string{"3"}}}
	if n, ok := m.values["statuses"]; ok {
		r.statuses(n, &w.Statuses)
	}
	return w
}

// statuses reads the lists of statuses. One that is left out keeps its default.
func (r *reader) statuses(n *yaml.Node, s *Statuses) {
	m, ok := r.mapping("statuses", r.at(n), n, statusesKeys)
	if !ok {
		return
	}
	var all []string
	for i, list := range []*[]string{&s.InFlight, &s.Paid, &s.Failed} {
		key := statusesKeys[i]
		if n, ok := m.values[key]; ok {
			*list = r.statusList(key, n)
		}
		for _, status := range *list {
			if slices.Contains(all, status) {
				r.fault(r.at(n), "%s: a status stands in one list, once: the defaults are in_flight [\"1\"], paid [\"2\"] and failed [\"3\"]", key)
			}
			all = append(all, status)
		}
	}
}

func (r *reader) statusList(key string, n *yaml.Node) (list []string) {
	if n.Kind != yaml.SequenceNode {
		r.fault(r.at(n), "%s: want a list such as [\"2\"], found %s", key, kind(n))
		return nil
	}
	for _, item := range n.Content {
		v, ok := r.scalar(key, item)
		if !ok {
			continue
		}
		status, err := plainText(v.text)
		if err != nil {
			r.faultOf(v, "%s: want %v, %s", key, err, v.found(key))
			continue
		}
		list = append(list, status)
	}
	return list
}
