package schema

import "testing"

func TestLimitOf(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"_manifests/lake.json": "a manifest", "_manifests/bill_date=2026-11-20/bucket-000.json": "a manifest",
		"archive/bills/bill_date=2026-11-20/account=1/W.json": "a certificate", "archive/settlements/bill_date=2026-11-20/account=1/P.json": "a certificate",
		"archive/bills/bill_date=2026-11-20/account=1/W-00001.jsonl.zst": "a batch", "archive/callbacks/received=2026-11-20/quarantine/B.jsonl.zst": "a batch",
		"runs/R.json": "a run's summary", "bills/bill_date=2026-11-20/bucket-000.parquet": "a Parquet file",
		"_control/turns/bill_date=2026-11-20/bucket-000.json": "a control object", "_control/claims.json": "a control object",
		"_control/token-0123456789abcdef": "a control object", "anything": "a control object", "resolutions/01R.jsonl": "notes of people", "closings/01R.jsonl": "notes of people", "": "a control object",
	} {
		if got := LimitOf(key); got.Kind != want {
			t.Errorf("%s is %s, want %s", key, got.Kind, want)
		}
	}
	for _, l := range Limits {
		if l.Bytes <= 0 || l.Why == "" {
			t.Errorf("%+v", l)
		}
	}
}
