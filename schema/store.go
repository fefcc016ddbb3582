package schema

import "time"

// Store is a store of a merchant as the platform listed it on a night, with the account that
// belongs to it.
type Store struct {
	RootAccountID Null[AccountID]
	AccountID     string
	AccountName   Null[string]
	PoiID         Null[string]
	PoiName       Null[string]
	FetchedAt     time.Time
}

// TableName implements Row.
func (*Store) TableName() string { return "stores" }

// Stores is the table stores. Only jobs with the key stores have it.
var Stores = Table[Store]{
	Name: "stores", Label: "门店",
	Optional:   true,
	Doc:        "One row per store and night: the names of stores and of their accounts, as listed on the last day of a run. Only of jobs with stores: true; days without rows have no file.",
	ChineseDoc: "每家门店每晚一行：门店与其账户的名称，列于一次运行的最后一天。仅 stores: true 的任务有；没有行的日子没有文件。",
	Fields: []Field[Store]{
		nullable(textOf[AccountID](), Column{Name: "root_account_id", Label: "根账户", Doc: "the configured root account that the store is listed below; NULL where an account was asked for by itself",
			ChineseDoc: "列出该门店的根账户，即 jobs.yaml 中的 root_account_id；单独查询的账户为 NULL"},
			func(s *Store) *Null[AccountID] { return &s.RootAccountID }),
		required(text, Column{Name: "account_id", Label: "门店账户", Layout: Distinct, Doc: "the store's account; the account that was asked for where the store has none", Source: "poi_account.account_id",
			ChineseDoc: "门店的账户；门店没有账户时为所查询的账户"},
			func(s *Store) *string { return &s.AccountID }),
		nullable(text, Column{Name: "account_name", Label: "门店账户名称", Layout: Distinct, Doc: "its name", Source: "poi_account.account_name",
			ChineseDoc: "门店账户的名称"},
			func(s *Store) *Null[string] { return &s.AccountName }),
		nullable(text, Column{Name: "poi_id", Label: "门店ID", Layout: Distinct, Doc: "the store", Source: "poi.poi_id",
			ChineseDoc: "门店 ID"},
			func(s *Store) *Null[string] { return &s.PoiID }),
		nullable(text, Column{Name: "poi_name", Label: "门店名称", Layout: Distinct, Doc: "its name", Source: "poi.poi_name",
			ChineseDoc: "门店的名称"},
			func(s *Store) *Null[string] { return &s.PoiName }),
		required(timestamp, Column{Name: "fetched_at", Label: "拉取时间", Doc: "when the list was received",
			ChineseDoc: "收到该列表的时间"},
			func(s *Store) *time.Time { return &s.FetchedAt }),
	},
}
