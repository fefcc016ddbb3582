package schema

import "strings"

// Limit is the maximum size of an object of one kind. A larger object is not one of ours: it
// is refused before it takes memory or disk.
type Limit struct {
	Kind           string // in the singular, with its article
	Prefix, Suffix string // of the keys
	Bytes          int64
	Why            string // the size of the objects that billwalk writes
}

// Limits lists the limits of all kinds of objects in a lake. The first that fits a key applies.
var Limits = []Limit{
	{"a manifest", "_manifests/", ".json", 64 << 20, "about 3 KB an account and 250 bytes a page of bills: a day of 10 million bills has 50 MB"},
	{"a certificate", "archive/", ".json", 32 << 20, "about 150 bytes a page of bills: an account of 5 million bills a day has 15 MB"},
	{"a batch", "archive/", ".jsonl.zst", 32 << 20, "it is stored at 1 MiB, with one answer of at most 4 MiB beyond"},
	{"a run's summary", "runs/", ".json", 128 << 20, "about 500 bytes for each file published and each failure: a month of 10,000 accounts that all fail has 90 MB"},
	{"a report", "reports/", "", 2 << 30, "about 60 bytes a bill, and at most some MB for the page: the report of two million bills has 120 MB"},
	{"notes of people", "", ".jsonl", 32 << 20, "about 400 bytes for each difference or day: a file of 50,000 resolutions has 20 MB"},
	{"a Parquet file", "", ".parquet", 16 << 30, "a day of a million bills has about 100 MB"},
	{"ids of a shard", "_control/shards/", ".ids", 512 << 20, "about 20 bytes a bill, for each day and bucket: a million bills have 20 MB"},
	{"certificates of a shard", "_control/shards/", ".certificates", 64 << 20, "about 1 KB an account and 150 bytes a page of bills, for each day: 10 million bills have 30 MB"},
	{"a control object", "", "", 1 << 20, "turns, claims, tokens and probes have less than 10 KB"},
}

// MaxUnpackedBatch is the maximum size of a decompressed batch of the archive, in bytes.
// Answers are compressed to about a tenth, and a batch is stored at 1 MiB.
const MaxUnpackedBatch = 512 << 20

// LimitOf returns the limit of the object under a key.
func LimitOf(key string) Limit {
	for _, l := range Limits {
		if strings.HasPrefix(key, l.Prefix) && strings.HasSuffix(key, l.Suffix) {
			return l
		}
	}
	panic("schema: the last of the limits does not fit every key")
}

// Private lists the prefixes of keys that only billwalk has to read: they have coupon codes,
// control objects and sealed tokens. Analysts read the tables.
var Private = []string{"archive/", "_control/"}
