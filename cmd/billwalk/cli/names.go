package cli

import (
	"fmt"

	"billwalk/schema"
)

// accountNames are the names of accounts, for people.
type accountNames map[schema.AccountID]string

func namesOf(accounts []schema.Account) accountNames {
	names := make(accountNames)
	for _, a := range accounts {
		names[a.ID] = a.Name
	}
	return names
}

// with returns the id and, where there is one, the name.
func (n accountNames) with(id schema.AccountID) string {
	if name := n[id]; name != "" {
		return fmt.Sprintf("%s (%s)", id, plain(name))
	}
	return string(id)
}
