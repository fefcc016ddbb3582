package jobs

import (
	"fmt"

	"go.yaml.in/yaml/v4"

	"billwalk/schema"
)

// accounts reads the accounts of a job, from a list or a file, into the job, with
// warnings about ids that look rounded.
func (r *reader) accounts(n *yaml.Node, job *Job) {
	before := len(r.faults)
	list := &accountList{r: r, seen: make(map[schema.AccountID]listedAccount)}
	switch n.Kind {
	case yaml.SequenceNode:
		for _, item := range n.Content {
			r.inlineAccount(item, list)
		}
	case yaml.MappingNode:
		m, _ := r.mapping("accounts", r.at(n), n, sourceKeys)
		r.accountsFile(m, list)
	default:
		r.fault(r.at(n), "accounts: want a list of accounts or {file: accounts.csv}, found %s", kind(n))
	}
	if len(list.accounts) == 0 && len(r.faults) == before {
		r.fault(r.at(n), "accounts: want at least one account, found none")
	}
	list.warnOfRounded()
	job.Accounts, job.Until, job.Warnings = list.accounts, list.until, list.warnings
}

func (r *reader) inlineAccount(item *yaml.Node, list *accountList) {
	m, ok := r.mapping("accounts", r.at(item), item, accountKeys)
	if !ok || len(m.values) != len(item.Content)/2 {
		return // an unknown key is reported already, and may be the id
	}
	line := make(map[string]value, len(m.values))
	for key, n := range m.values {
		if v, ok := r.scalar(key, n); ok {
			line[key] = v
		}
	}
	if len(line) == len(m.values) {
		list.add(r.at(item), line)
	}
}

// accountsFile reads the file of accounts, relative to jobs.yaml.
func (r *reader) accountsFile(m mapping, list *accountList) {
	n, ok := m.node("file")
	if !ok {
		return
	}
	v, ok := r.scalar("file", n)
	if !ok {
		return
	}
	path := r.beside(v.text)
	data, err := r.readFile(path)
	if err != nil {
		r.faultOf(v, "file: want an accounts file, %s: %v", v.found("file"), fileError(err))
		return
	}
	if len(v.variables) > 0 {
		path = "the file of " + variableLabels(v.variables)
	}
	r.readCSV(data, path, list)
}

// accountList collects the accounts of one job.
type accountList struct {
	r         *reader
	accounts  []schema.Account
	idsAsRead []value // ids of the accounts
	warnings  []string
	seen      map[schema.AccountID]listedAccount
	until     map[schema.AccountID]schema.Day // of the accounts that have the key
}

// listedAccount is an account and its place.
type listedAccount struct {
	schema.Account
	place
}

// add adds the account with the values of its keys. An exact repetition is ignored.
func (l *accountList) add(at place, line map[string]value) {
	root, isRoot := line[rootKey]
	leaf, isLeaf := line[leafKey]
	if isRoot == isLeaf {
		l.r.fault(at, "accounts: want either %s or %s, found %s", rootKey, leafKey, map[bool]string{true: "both", false: "neither"}[isRoot])
		return
	}
	key, id := leafKey, leaf
	if isRoot {
		key, id = rootKey, root
	}
	parsed, err := accountID(id.text)
	if err != nil {
		l.r.faultOf(id, "%s: want %v, %s", key, err, id.found(key))
		return
	}
	until, ok := l.parseUntil(line)
	if !ok {
		return
	}
	account := schema.Account{ID: parsed, Root: isRoot, Name: line[nameKey].text}
	first, again := l.seen[parsed]
	switch {
	case !again:
		l.seen[parsed] = listedAccount{account, at}
		l.accounts = append(l.accounts, account)
		l.idsAsRead = append(l.idsAsRead, id)
		if until != 0 {
			if l.until == nil {
				l.until = make(map[schema.AccountID]schema.Day)
			}
			l.until[parsed] = until
		}
	case first.Root != account.Root:
		l.r.faultOf(id, "this account is listed as %s and, in line %d, as %s: keep one of them", key, first.line, otherKey(key))
	case first.Name != account.Name:
		l.r.faultOf(id, "this account has another name in line %d: keep one of them", first.line)
	case l.until[parsed] != until:
		l.r.faultOf(id, "this account has another until in line %d: keep one of them", first.line)
	}
}

// parseUntil reads the last day on which an account may lack the merchant's authorisation;
// 0 if there is none.
func (l *accountList) parseUntil(line map[string]value) (schema.Day, bool) {
	v, ok := line[untilKey]
	if !ok {
		return 0, true
	}
	day, err := schema.ParseDay(v.text)
	if err != nil || day < schema.FirstDay {
		l.r.faultOf(v, "until: want a day such as 2026-12-31, %s", v.found(untilKey))
		return 0, false
	}
	return day, true
}

func otherKey(key string) string {
	if key == rootKey {
		return leafKey
	}
	return rootKey
}

var (
	digitsForm = form(`^[0-9]+$`)
	numberForm = form(`^[0-9]+([.,][0-9]+)?([eE][+]?[0-9]+)?$`)
)

func accountID(text string) (schema.AccountID, error) {
	if numberForm().MatchString(text) && !digitsForm().MatchString(text) {
		return "", wantError("an id of plain digits: this one was taken for a number and has lost digits; take it from the console again, and export the column as text")
	}
	id, err := schema.ParseAccountID(text)
	if err != nil {
		if r, ok := invisible(text); ok {
			return "", wantError(fmt.Sprintf("an id of 1 to 32 digits, without invisible characters (it has %U)", r))
		}
		return "", wantError("an id of 1 to 32 digits")
	}
	return id, nil
}
