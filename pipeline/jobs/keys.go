package jobs

// The keys of each section. A test compares them with the manual.
var (
	fileKeys        = []string{"version", "lake", "apps", "jobs"}
	lakeKeys        = []string{"url", "endpoint", "region", "path_style", "buckets"}
	appKeys         = []string{"base_url", "client_key", "client_secret", "qps", "timeout", "callbacks"}
	callbacksKeys   = []string{"public_keys", "legacy_token", "app_ids"}
	jobKeys         = []string{"accounts", "dates", "lookback", "bills", "settlements", "withdrawals", "stores", "columns", "report", "notify"}
	datesKeys       = []string{"from", "to"}
	billsKeys       = []string{"app", "page_size", "passes"}
	settlementsKeys = []string{"app", "match", "tolerance_fen", "final_check"}
	withdrawalsKeys = []string{"lookback", "statuses"}
	statusesKeys    = []string{"in_flight", "paid", "failed"}
	columnsKeys     = []string{"code", "code_key"}
	webhookKeys     = []string{"kind", "url", "secret", "on"}

	parameters   = []string{"settle_id", "order_id", "out_settle_no", "out_order_no"}
	matchColumns = []string{"shop_order_id", "item_order_id", "order_ext_id", "certificate_id", "verify_id"}
)

const (
	rootKey = "root_account_id"
	leafKey = "account_id"
	nameKey = "name"

	untilKey = "until"
)

var (
	accountKeys = []string{rootKey, leafKey, nameKey, untilKey} // of an item, and of an accounts file's header
	sourceKeys  = []string{"file"}
)
