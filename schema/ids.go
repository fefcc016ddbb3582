package schema

import (
	"fmt"
	"hash/fnv"
	"regexp"
	"slices"
)

// AccountID is the id of a Douyin merchant account (来客商户): 1 to 32 digits,
// always text, because 19 digits do not fit into a float. Being digits only, it
// is safe as a part of an object key.
type AccountID string

// NoAccount stands in place of an account for settlements that no bill explains: they
// name none, and are published in its bucket.
const NoAccount AccountID = ""

// The forms do not limit the lengths: a form is compiled once for each repetition that it counts,
// at each start.
var (
	accountDigits = regexp.MustCompile(`^[0-9]+$`)
	plainID       = regexp.MustCompile(`^[0-9A-Za-z_-]+$`)
)

const (
	MaxAccountID = 32 // digits
	MaxPlainID   = 64 // characters of an id that is a part of an object key
)

// ParseAccountID checks that s is an account id.
func ParseAccountID(s string) (AccountID, error) {
	if len(s) > MaxAccountID || !accountDigits.MatchString(s) {
		return "", fmt.Errorf("%q is not an account id: want 1 to 32 digits, in quotes", s)
	}
	return AccountID(s), nil
}

// Bucket returns which of n buckets the account's rows are published in: its
// FNV-1a hash (64 bits) mod n, the same in every version of billwalk.
func (id AccountID) Bucket(n int) int {
	h := fnv.New64a()
	h.Write([]byte(id))
	return int(h.Sum64() % uint64(n))
}

// PlainID reports whether an id of the platform is safe as a part of an object key.
func PlainID(id string) bool { return len(id) <= MaxPlainID && plainID.MatchString(id) }

// BucketsOf returns the buckets that the accounts fall into, of n buckets, ascending.
func BucketsOf(accounts []Account, n int) []int {
	var used []int
	for _, a := range accounts {
		used = append(used, a.ID.Bucket(n))
	}
	slices.Sort(used)
	return slices.Compact(used)
}

// Account is one configured account, and how the API is queried for it.
type Account struct {
	ID   AccountID `json:"account"`
	Root bool      `json:"root"`           // queried by root_account_id (a brand with all its stores), not account_id
	Name string    `json:"name,omitempty"` // for people; may be any text
}

// String returns the id and, where there is one, the name.
func (a Account) String() string {
	if a.Name == "" {
		return string(a.ID)
	}
	return fmt.Sprintf("%s (%s)", a.ID, a.Name)
}

// Unit is one account on one day: what is fetched, retried and certified.
type Unit struct {
	Account Account
	Day     Day
}

func (u Unit) String() string { return fmt.Sprintf("account %s on %s", u.Account, u.Day) }
