package schema

// Reach says how much of a run one failure ends.
type Reach string

const (
	ReachUnit        Reach = "unit"        // this account on this day
	ReachAccount     Reach = "account"     // every day of this account: it has not authorised the app
	ReachApp         Reach = "app"         // every call of the app: credentials, permission, IP whitelist
	ReachToday       Reach = "today"       // the quota is used up: run again later to go on
	ReachUnavailable Reach = "unavailable" // no failure: the bills were withdrawn by hand and cannot be listed
)

// Failure is what could not be had, and why, in the words of the platform.
type Failure struct {
	Account AccountID `json:"account"`
	Day     Day       `json:"bill_date"`
	Code    int64     `json:"code"` // of the platform; 0 where the fault is not an answer's
	SubCode int64     `json:"sub_code,omitempty"`
	Reason  string    `json:"reason"`
	Hint    string    `json:"hint,omitempty"` // what a person should do
	LogID   string    `json:"logid"`          // Douyin's support asks for it
	Reach   Reach     `json:"reach"`
}
