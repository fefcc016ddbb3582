package reconcile_test

import "billwalk/schema"

// cases of one order K, in the words of text_test.go. The lookback is 3 days.
var cases = []struct {
	name               string
	bills, settlements string
	tolerance          schema.Fen
	notAsked           bool
	elsewhere          bool // a settlement counts on an earlier day, beyond the window
	want               string
}{
	{
		name:        "settled",
		bills:       `A 1 - 100 5 3 92`,
		settlements: `s1 SUCCESS 1 - 100 5 3 92`,
		want: `
1 A K matched/order 1:1 100/100/0 5/5/0 3/3/0 92/92/0
1 A s1`,
	},
	{
		name:  "nothing came back",
		bills: `A 1 - 100`,
		want: `
1 A K bill_only 1:0 100/_/_`,
	},
	{
		name: "not asked", notAsked: true,
		bills: `A 1 - 100`,
		want: `
1 A K pending 1:0 100/_/_ not_asked`,
	},
	{
		name: "not asked, but settled all the same", notAsked: true,
		bills:       `A 1 - 100`,
		settlements: `s1 SUCCESS 1 - 100`,
		want: `
1 A K matched/order 1:1 100/100/0
1 A s1`,
	},
	{
		name:        "a leg differs",
		bills:       `A 1 - 100 5 3 92`,
		settlements: `s1 SUCCESS 1 - 100 6 3 91`,
		want: `
1 A K mismatched 1:1 100/100/0 5/6/1 3/3/0 92/91/-1 fee_differs net_differs
1 A s1`,
	},
	{
		name: "within the tolerance", tolerance: 2,
		bills:       `A 1 - 100 5 3 92`,
		settlements: `s1 SUCCESS 1 - 98 7 3 91`,
		want: `
1 A K matched/order 1:1 100/98/-2 5/7/2 3/3/0 92/91/-1
1 A s1`,
	},
	{
		name: "outside the tolerance", tolerance: 2,
		bills:       `A 1 - 100`,
		settlements: `s1 SUCCESS 1 - 97`,
		want: `
1 A K mismatched 1:1 100/97/-3 total_differs net_differs
1 A s1`,
	},
	{
		name:        "zero amounts",
		bills:       `A 1 - 0`,
		settlements: `s1 SUCCESS 1 - 0`,
		want: `
1 A K matched/order 1:1 0/0/0
1 A s1`,
	},
	{
		name:        "zero is settled with nothing else than zero",
		bills:       `A 1 - 0`,
		settlements: `s1 SUCCESS 1 - 1`,
		want: `
1 A K mismatched 1:1 0/1/1 partly_billed total_differs net_differs
1 A s1`,
	},
	{
		name:        "fees hidden from the service provider",
		bills:       `A 1 - 100 _ _ 92`,
		settlements: `s1 SUCCESS 1 - 100 5 3 92`,
		want: `
1 A K matched/order 1:1 100/100/0 _/5/_ _/3/_ 92/92/0 fee_not_billed commission_not_billed
1 A s1`,
	},
	{
		name:        "shares that cannot be read",
		bills:       `A 1 - 100 5 3 92`,
		settlements: `s1 SUCCESS 1 - 100 5 3 _`,
		want: `
1 A K matched/order 1:1 100/100/0 5/5/0 3/3/0 92/_/_ net_not_settled
1 A s1`,
	},
	{
		name:        "NULL on both sides",
		bills:       `A 1 - 100 _ 3 92`,
		settlements: `s1 SUCCESS 1 - 100 _ 3 92`,
		want: `
1 A K matched/order 1:1 100/100/0 _/_/_ 3/3/0 92/92/0 fee_not_billed
1 A s1`,
	},
	{
		name:        "NULL beside a difference",
		bills:       `A 1 - 100 _ 3 92`,
		settlements: `s1 SUCCESS 1 - 90 _ 3 _`,
		want: `
1 A K mismatched 1:1 100/90/-10 _/_/_ 3/3/0 92/_/_ total_differs fee_not_billed net_not_settled
1 A s1`,
	},
	{
		name:        "nothing comparable",
		bills:       `A 1 - 100 5 _ _`,
		settlements: `s1 SUCCESS 1 - _ _ 3 92`,
		want: `
1 A K mismatched 1:1 100/_/_ 5/_/_ _/3/_ _/92/_ total_not_settled fee_not_settled commission_not_billed net_not_billed nothing_compared
1 A s1`,
	},
	{
		name: "one NULL hides the leg of all",
		bills: `
A 1 - 100 5 0 95
A 1 - 100 _ 0 95`,
		settlements: `s1 SUCCESS 1 - 200 10 0 190`,
		want: `
1 A K matched/order 2:1 200/200/0 5/10/_ 0/0/0 190/190/0 fee_not_billed
1 A s1`,
	},
	{
		name:  "several settlements",
		bills: `A 1 - 100 5 3 92`,
		settlements: `
s2 SUCCESS 2 - 60 3 3 54
s1 SUCCESS 1 - 40 2 0 38`,
		want: `
1 A K matched/order 1:2 100/100/0 5/5/0 3/3/0 92/92/0
1 A s1
1 A s2`,
	},
	{
		name: "several bills",
		bills: `
A 1 - 40
A 1 - 60`,
		settlements: `s1 SUCCESS 1 - 100`,
		want: `
1 A K matched/order 2:1 100/100/0
1 A s1`,
	},
	{
		name: "several of both",
		bills: `
A 1 - 40
A 1 - 60`,
		settlements: `
s1 SUCCESS 1 - 70
s2 SUCCESS 1 - 31`,
		want: `
1 A K mismatched 2:2 100/101/1 total_differs net_differs
1 A s1
1 A s2`,
	},
	{
		name:        "under way",
		bills:       `A 1 - 100`,
		settlements: `s1 PROCESSING - - 100`,
		want: `
1 A K pending 1:1 100/_/_
1 A s1`,
	},
	{
		name:        "a status that nobody knows is not final",
		bills:       `A 1 - 100`,
		settlements: `s1 WAITING 1 - 100`,
		want: `
1 A K pending 1:1 100/_/_
1 A s1`,
	},
	{
		name:        "failed",
		bills:       `A 1 - 100`,
		settlements: `s1 FAIL 1 - 100`,
		want: `
1 A K failed 1:1 100/_/_
1 A s1`,
	},
	{
		name:  "failed, then settled",
		bills: `A 1 - 100`,
		settlements: `
s1 FAIL 1 - 100
s2 SUCCESS 1 - 100`,
		want: `
1 A K matched/order 1:2 100/100/0
1 A s1
1 A s2`,
	},
	{
		name:  "failed, and settled with another amount",
		bills: `A 1 - 100`,
		settlements: `
s1 FAIL 1 - 100
s2 SUCCESS 1 - 40`,
		want: `
1 A K failed 1:2 100/40/_
1 A s1
1 A s2`,
	},
	{
		name:  "settled in part, the rest under way",
		bills: `A 1 - 100`,
		settlements: `
s1 SUCCESS 1 - 40
s2 PROCESSING 1 - 60`,
		want: `
1 A K pending 1:2 100/40/_
1 A s1
1 A s2`,
	},
	{
		name:  "settled in full, and more under way",
		bills: `A 1 - 100`,
		settlements: `
s1 SUCCESS 1 - 100
s2 INIT 1 - 60`,
		want: `
1 A K pending 1:2 100/100/_
1 A s1
1 A s2`,
	},
	{
		name:  "a new try beside a failed one",
		bills: `A 1 - 100`,
		settlements: `
s1 FAIL 1 - 40
s2 PROCESSING 1 - 60`,
		want: `
1 A K pending 1:2 100/_/_ retry_in_flight
1 A s1
1 A s2`,
	},
	{
		name: "two accounts, one settlement",
		bills: `
B 1 - 60
A 1 - 40`,
		settlements: `s1 SUCCESS 1 - 100`,
		want: `
1 A K matched/order 1:1 40/100/60 offset_by:1/B
1 B K matched/order 1:0 60/0/-60 offset_by:1/A
1 A s1`,
	},
	{
		name: "two accounts, one settled, nothing for the other",
		bills: `
B 1 - 60
A 1 - 40`,
		settlements: `s1 SUCCESS 1 - 40`,
		want: `
1 A K matched/order 1:1 40/40/0
1 B K bill_only 1:0 60/_/_
1 A s1`,
	},
	{
		name: "two days, each settled on its own",
		bills: `
A 1 - 40
A 2 - 60`,
		settlements: `
s1 SUCCESS 1 - 40
s2 SUCCESS 2 - 60`,
		want: `
1 A K matched/order 1:1 40/40/0
2 A K matched/order 1:1 60/60/0
1 A s1
2 A s2`,
	},
	{
		name: "three days, settled once at the end",
		bills: `
A 1 - 40
A 2 - 60
A 3 - 80`,
		settlements: `s1 SUCCESS 3 - 180`,
		want: `
1 A K matched/order_window 1:0 40/0/-40 offset_by:2/A offset_by:3/A
2 A K matched/order_window 1:0 60/0/-60 offset_by:1/A offset_by:3/A
3 A K matched/order_window 1:1 80/180/100 offset_by:1/A offset_by:2/A
3 A s1`,
	},
	{
		name: "two days, settled long after",
		bills: `
A 1 - 40
A 2 - 60`,
		settlements: `s1 SUCCESS 15 - 100`,
		want: `
1 A K matched/order_window 1:0 40/0/-40 offset_by:2/A
2 A K matched/order_window 1:1 60/100/40 offset_by:1/A
2 A s1`,
	},
	{
		name: "two days, settled before",
		bills: `
A 1 - 40
A 2 - 60`,
		settlements: `s1 SUCCESS 0 - 100`,
		want: `
1 A K matched/order_window 1:1 40/100/60 offset_by:2/A
2 A K matched/order_window 1:0 60/0/-60 offset_by:1/A
1 A s1`,
	},
	{
		name: "two days, settled nobody knows when",
		bills: `
A 1 - 40
A 2 - 60`,
		settlements: `s1 SUCCESS - - 100`,
		want: `
1 A K matched/order_window 1:0 40/0/-40 offset_by:2/A
2 A K matched/order_window 1:1 60/100/40 offset_by:1/A
2 A s1`,
	},
	{
		name: "two days, one settled, nothing for the other",
		bills: `
A 1 - 40
A 2 - 60`,
		settlements: `s1 SUCCESS 1 - 40`,
		want: `
1 A K matched/order 1:1 40/40/0
2 A K bill_only 1:0 60/_/_
1 A s1`,
	},
	{
		name: "two days, a failed try is settled with what agrees",
		bills: `
A 1 - 40
A 2 - 60`,
		settlements: `
s1 FAIL 1 - 40
s2 SUCCESS 1 - 40`,
		want: `
1 A K matched/order 1:2 40/40/0
2 A K bill_only 1:0 60/_/_
1 A s1
1 A s2`,
	},
	{
		name: "two days, the whole differs",
		bills: `
A 1 - 40
A 2 - 60`,
		settlements: `s1 SUCCESS 2 - 90`,
		want: `
1 A K mismatched 1:0 40/0/-40 total_differs net_differs
2 A K mismatched 1:1 60/90/30 total_differs net_differs
2 A s1`,
	},
	{
		name: "two days, the second failed: the first knows of nothing else",
		bills: `
A 1 - 40
A 2 - 60`,
		settlements: `s1 FAIL 2 - 100`,
		want: `
1 A K failed 1:0 40/_/_
2 A K failed 1:1 60/_/_
2 A s1`,
	},
	{
		name: "two days, a difference waits for what is under way",
		bills: `
A 1 - 40
A 2 - 60`,
		settlements: `
s1 SUCCESS 1 - 30
s2 PROCESSING 2 - 70`,
		want: `
1 A K pending 1:1 40/30/_
2 A K pending 1:1 60/_/_
1 A s1
2 A s2`,
	},
	{
		name: "two days, one failed, the other differs",
		bills: `
A 1 - 40
A 2 - 60`,
		settlements: `
s1 SUCCESS 1 - 30
s2 FAIL 2 - 60`,
		want: `
1 A K mismatched 1:1 40/30/-10 total_differs net_differs
2 A K failed 1:1 60/_/_
1 A s1
2 A s2`,
	},
	{
		name: "two days, each settled on the other's",
		bills: `
A 1 - 40
A 2 - 60
A 3 - 1`,
		settlements: `
s1 SUCCESS 1 - 60
s2 SUCCESS 2 - 40`,
		want: `
1 A K matched/amount 1:1 40/60/20 offset_by:2/A
2 A K matched/amount 1:1 60/40/-20 offset_by:1/A
3 A K bill_only 1:0 1/_/_
1 A s1
2 A s2`,
	},
	{
		name: "amounts: a bill without a pair keeps its group open",
		bills: `
A 1 - 40
A 1 - 50
A 2 - 60`,
		settlements: `
s1 SUCCESS 1 - 60
s2 SUCCESS 2 - 40`,
		want: `
1 A K mismatched 2:1 90/60/-30 total_differs net_differs
2 A K matched/amount 1:1 60/40/-20 offset_by:1/A
1 A s1
2 A s2`,
	},
	{
		name: "amounts: so does a settlement",
		bills: `
A 1 - 40
A 2 - 60`,
		settlements: `
s1 SUCCESS 1 - 60
s2 SUCCESS 2 - 40
s3 SUCCESS 2 - 1`,
		want: `
1 A K matched/amount 1:1 40/60/20 offset_by:2/A
2 A K mismatched 1:2 60/41/-19 total_differs net_differs
1 A s1
2 A s2
2 A s3`,
	},
	{
		name: "amounts: NULL legs do not break a pair, and are told",
		bills: `
A 1 - 40 _ 0 38
A 2 - 60 3 0 57
A 3 - 7 1 1 5`,
		settlements: `
s1 SUCCESS 1 - 60 3 _ 57
s2 SUCCESS 1 - 40 2 0 38`,
		want: `
1 A K matched/amount 1:2 40/100/60 _/5/_ 0/0/_ 38/95/57 fee_not_billed offset_by:2/A
2 A K matched/amount 1:0 60/0/-60 3/0/-3 0/0/0 57/0/-57 commission_not_settled offset_by:1/A
3 A K bill_only 1:0 7/_/_ 1/_/_ 1/_/_ 5/_/_
1 A s1
1 A s2`,
	},
	{
		name: "amounts: the n-th with the n-th; a pair that differs in a leg is none",
		bills: `
A 1 - 40 1 0 39
A 2 - 40 2 0 38
A 3 - 7 0 0 7`,
		settlements: `
s1 SUCCESS 2 - 40 1 0 39
s2 SUCCESS 2 - 40 3 0 37`,
		want: `
1 A K matched/amount 1:0 40/0/-40 1/0/-1 0/0/0 39/0/-39 offset_by:2/A
2 A K mismatched 1:2 40/80/40 2/4/2 0/0/0 38/76/38 total_differs fee_differs net_differs
3 A K mismatched 1:0 7/0/-7 total_differs fee_differs net_differs
2 A s1
2 A s2`,
	},
	{
		name: "amounts: nothing under way may belong to the group",
		bills: `
A 1 - 40
A 2 - 60`,
		settlements: `
s1 SUCCESS 2 - 40
s2 INIT 2 - 60`,
		want: `
1 A K matched/amount 1:0 40/0/-40 offset_by:2/A
2 A K pending 1:2 60/40/_
2 A s1
2 A s2`,
	},
	{
		name: "amounts: what other tiers have closed has no number",
		bills: `
A 1 - 40
A 2 - 40
A 3 - 7`,
		settlements: `
s1 SUCCESS 1 - 40
s2 SUCCESS 3 - 40`,
		want: `
1 A K matched/order 1:1 40/40/0
2 A K matched/amount 1:0 40/0/-40 offset_by:3/A
3 A K bill_only 1:1 7/40/_
1 A s1
3 A s2`,
	},
	{
		name: "amounts: what another tier has closed needs no pair",
		bills: `
A 1 i1 40
A 2 - 60
A 3 - 5`,
		settlements: `
s1 SUCCESS 2 i1 40
s2 SUCCESS 3 - 60`,
		want: `
1 A K/i1 matched/item 1:0 40/0/-40 offset_by:2/A
2 A K matched/amount 1:1 60/40/-20 offset_by:1/A/i1 offset_by:3/A
3 A K bill_only 1:1 5/60/_
2 A s1
3 A s2`,
	},
	{
		name: "amounts: a bill without total is not 0",
		bills: `
A 1 - _ 1 0 0
A 2 - 7 0 0 7`,
		settlements: `s1 SUCCESS 2 - 0 1 0 0`,
		want: `
1 A K mismatched 1:0 _/0/_ 1/0/-1 0/0/0 0/0/0 total_not_billed net_differs
2 A K mismatched 1:1 7/0/-7 0/1/1 0/0/0 7/0/-7 total_not_billed net_differs
2 A s1`,
	},
	{
		name: "amounts: nor is a settlement",
		bills: `
A 1 - 0 1 0 0
A 2 - 7 0 0 7`,
		settlements: `s1 SUCCESS 2 - _ 1 0 0`,
		want: `
1 A K mismatched 1:0 0/0/0 1/0/-1 0/0/0 0/0/0 total_not_settled net_differs
2 A K mismatched 1:1 7/_/_ 0/1/1 0/0/0 7/0/-7 total_not_settled net_differs
2 A s1`,
	},
	{
		name: "amounts: settlements are numbered by day before id",
		bills: `
A 1 - 40 1 0 39
A 2 - 40 2 0 38
A 3 - 7
A 4 - 7`,
		settlements: `
s1 SUCCESS 4 - 40 2 0 38
s2 SUCCESS 3 - 40 1 0 39`,
		want: `
1 A K matched/amount 1:0 40/0/-40 1/0/-1 0/0/0 39/0/-39 offset_by:3/A
2 A K matched/amount 1:0 40/0/-40 2/0/-2 0/0/0 38/0/-38 offset_by:4/A
3 A K bill_only 1:1 7/40/_ 0/1/_ 0/0/_ 7/39/_
4 A K bill_only 1:1 7/40/_ 0/2/_ 0/0/_ 7/38/_
3 A s2
4 A s1`,
	},
	{
		name: "amounts: bills are numbered by day before account",
		bills: `
A 2 - 40 2 0 38
B 1 - 40 1 0 39
A 3 - 7`,
		settlements: `
s1 SUCCESS 3 - 40 1 0 39
s2 SUCCESS 3 - 40 2 0 38`,
		want: `
1 B K matched/amount 1:0 40/0/-40 1/0/-1 0/0/0 39/0/-39 offset_by:3/A
2 A K matched/amount 1:0 40/0/-40 2/0/-2 0/0/0 38/0/-38 offset_by:3/A
3 A K bill_only 1:2 7/80/_ 0/3/_ 0/0/_ 7/77/_
3 A s1
3 A s2`,
	},
	{
		name: "items: each settled by itself",
		bills: `
A 1 i1 40
A 1 i2 60`,
		settlements: `
s1 SUCCESS 1 i1 40
s2 SUCCESS 1 i2 61`,
		want: `
1 A K/i1 matched/item 1:1 40/40/0
1 A K/i2 mismatched 1:1 60/61/1 partly_billed total_differs net_differs
1 A s1
1 A s2`,
	},
	{
		name: "items that no settlement names are of the order",
		bills: `
A 1 i1 40
A 1 i2 60`,
		settlements: `s1 SUCCESS 1 - 100`,
		want: `
1 A K matched/order 2:1 100/100/0
1 A s1`,
	},
	{
		name: "items: one named, the rest of the order by itself",
		bills: `
A 1 i1 40
A 1 i2 60`,
		settlements: `
s1 SUCCESS 1 i1 40
s2 SUCCESS 1 - 60`,
		want: `
1 A K matched/order 1:1 60/60/0
1 A K/i1 matched/item 1:1 40/40/0
1 A s1
1 A s2`,
	},
	{
		name: "items: an item over several days, settled once",
		bills: `
A 1 i1 40
A 2 i1 60
A 2 i2 5`,
		settlements: `
s1 SUCCESS 2 i1 100
s2 SUCCESS 2 i2 6`,
		want: `
1 A K/i1 matched/item 1:0 40/0/-40 offset_by:2/A/i1
2 A K/i1 matched/item 1:1 60/100/40 offset_by:1/A/i1
2 A K/i2 mismatched 1:1 5/6/1 partly_billed total_differs net_differs
2 A s1
2 A s2`,
	},
	{
		name: "items: settled under the wrong ones, right in all",
		bills: `
A 1 i1 40
A 1 i2 60`,
		settlements: `
s1 SUCCESS 1 i1 60
s2 SUCCESS 1 i2 40`,
		want: `
1 A K/i1 matched/order 1:1 40/60/20 offset_by:1/A/i2
1 A K/i2 matched/order 1:1 60/40/-20 offset_by:1/A/i1
1 A s1
1 A s2`,
	},
	{
		name: "items: what names none belongs to the first",
		bills: `
B 1 i1 40
B 1 i2 60`,
		settlements: `
s1 SUCCESS 1 i1 10
s2 SUCCESS 1 i2 10
s3 SUCCESS 1 - 80`,
		want: `
1 B K/i1 matched/order 1:2 40/90/50 offset_by:1/B/i2
1 B K/i2 matched/order 1:1 60/10/-50 offset_by:1/B/i1
1 B s1
1 B s2
1 B s3`,
	},
	{
		name:        "items: a settlement names one that no bill has",
		bills:       `A 1 i1 40`,
		settlements: `s1 SUCCESS 1 i9 40`,
		want: `
1 A K matched/order 1:1 40/40/0
1 A s1`,
	},
	{
		name: "items: a settlement on a day that does not have its item",
		bills: `
A 1 i1 40
A 2 - 60`,
		settlements: `s1 SUCCESS 2 i1 40`,
		want: `
1 A K/i1 matched/item 1:0 40/0/-40 offset_by:2/A
2 A K bill_only 1:1 60/40/_
2 A s1`,
	},
	{
		name: "items: one that no bill has is of the bills without item",
		bills: `
A 1 i1 40
B 1 - 60`,
		settlements: `
s1 SUCCESS 1 i1 40
s2 SUCCESS 1 i9 60`,
		want: `
1 A K/i1 matched/item 1:1 40/40/0
1 B K matched/order 1:1 60/60/0
1 A s1
1 A s2`,
	},
	{
		name: "items: nothing billed and nothing settled do not agree",
		bills: `
A 1 i1 40
A 2 - 60`,
		settlements: `
s1 SUCCESS 1 i1 40
s2 SUCCESS 1 - 0`,
		want: `
1 A K/i1 mismatched 1:2 40/40/0 settlement_unexplained
2 A K mismatched 1:0 60/0/-60 total_differs net_differs
1 A s1
1 A s2`,
	},
	{
		name: "items: what is settled beside a match is not hidden by it",
		bills: `
A 1 i1 100`,
		settlements: `
s1 SUCCESS 1 i1 100
s2 SUCCESS 1 - 50`,
		want: `
1 A K/i1 mismatched 1:2 100/150/50 settlement_unexplained
1 A s1
1 A s2`,
	},
	{
		name: "items: nor is what is still under way",
		bills: `
A 1 i1 100`,
		settlements: `
s1 SUCCESS 1 i1 100
s2 INIT 1 - 50`,
		want: `
1 A K/i1 pending 1:2 100/100/_ settlement_unexplained
1 A s1
1 A s2`,
	},
	{
		name: "items: a failed try beside a match is no matter",
		bills: `
A 1 i1 100`,
		settlements: `
s1 SUCCESS 1 i1 100
s2 FAIL 1 - 50`,
		want: `
1 A K/i1 matched/item 1:2 100/100/0
1 A s1
1 A s2`,
	},
	{
		name: "items: the bills of a doubted match are not held against other items",
		bills: `
A 1 i1 100
A 1 i2 300`,
		settlements: `
s1 SUCCESS 1 - 100
s2 SUCCESS 1 i1 100
s3 SUCCESS 1 i2 300 9 0 291`,
		want: `
1 A K/i1 mismatched 1:2 100/200/100 settlement_unexplained
1 A K/i2 mismatched 1:1 300/300/0 0/9/9 0/0/0 300/291/-9 total_differs fee_differs net_differs
1 A s1
1 A s2
1 A s3`,
	},
	{
		name: "items: a failed one is of its item alone",
		bills: `
A 1 i1 40
A 1 i2 60`,
		settlements: `
s1 SUCCESS 1 i1 40
s2 FAIL 1 i2 60`,
		want: `
1 A K/i1 matched/item 1:1 40/40/0
1 A K/i2 failed 1:1 60/_/_
1 A s1
1 A s2`,
	},
	{
		name: "a day outside the window does not count",
		bills: `
A 1 - 40
A 5 - 60`,
		settlements: `s1 SUCCESS 5 - 100`,
		want: `
1 A K mismatched 1:1 40/100/60 partly_billed total_differs net_differs
5 A K mismatched 1:1 60/100/40 partly_billed total_differs net_differs
1 A s1
5 A s1`,
	},
	{
		name: "a day agrees as a whole, with a fen of tolerance on each side", tolerance: 1,
		bills: `
A 1 - 40
B 1 - 60
C 1 - 10`,
		settlements: `
s1 SUCCESS 1 - 41
s2 SUCCESS 1 - 70`,
		want: `
1 A K matched/order 1:2 40/111/71 offset_by:1/B offset_by:1/C
1 B K matched/order 1:0 60/0/-60 offset_by:1/A offset_by:1/C
1 C K matched/order 1:0 10/0/-10 offset_by:1/A offset_by:1/B
1 A s1
1 A s2`,
	},
	{
		name: "what agrees by itself takes nothing back",
		bills: `
A 1 - 40
A 2 - 60
B 2 - 10`,
		settlements: `
s1 SUCCESS 1 - 40
s2 SUCCESS 2 - 70`,
		want: `
1 A K matched/order 1:1 40/40/0
2 A K matched/order 1:1 60/70/10 offset_by:2/B
2 B K matched/order 1:0 10/0/-10 offset_by:2/A
1 A s1
2 A s2`,
	},
	{
		name: "what agrees with the help of others, and by itself, takes nothing back",
		bills: `
A 1 - 40
A 2 - 60 3 0 57
A 3 - 20`,
		settlements: `
s1 SUCCESS 1 - 30
s2 SUCCESS 2 - 60 3 0 _
s3 SUCCESS 3 - 30`,
		want: `
1 A K matched/order_window 1:1 40/30/-10 offset_by:3/A
2 A K matched/order 1:1 60/60/0 3/3/0 0/0/0 57/_/_ net_not_settled
3 A K matched/order_window 1:1 20/30/10 offset_by:1/A
1 A s1
2 A s2
3 A s3`,
	},
	{
		name: "settled in whole, billed in part",
		bills: `
A 1 - 100
A 2 - 50`,
		settlements: `s1 SUCCESS 1 - 300`,
		want: `
1 A K mismatched 1:1 100/300/200 partly_billed total_differs net_differs
2 A K mismatched 1:0 50/0/-50 partly_billed total_differs net_differs
1 A s1`,
	},
	{
		name:        "more in total, and less of the fee",
		bills:       `A 1 - 100 10 0 90`,
		settlements: `s1 SUCCESS 1 - 300 9 0 291`,
		want: `
1 A K mismatched 1:1 100/300/200 10/9/-1 0/0/0 90/291/201 total_differs fee_differs net_differs
1 A s1`,
	},
	{
		name: "more than the tolerance, and less within it", tolerance: 2,
		bills:       `A 1 - 100 10 0 90`,
		settlements: `s1 SUCCESS 1 - 103 8 0 95`,
		want: `
1 A K mismatched 1:1 100/103/3 10/8/-2 0/0/0 90/95/5 partly_billed total_differs net_differs
1 A s1`,
	},
	{
		name: "more, and another day failed",
		bills: `
A 1 - 100
A 2 - 50`,
		settlements: `
s1 SUCCESS 1 - 300
s2 FAIL 2 - 50`,
		want: `
1 A K mismatched 1:1 100/300/200 total_differs net_differs
2 A K failed 1:1 50/_/_
1 A s1
2 A s2`,
	},
	{
		name: "settled elsewhere, and more here", elsewhere: true,
		bills:       `A 1 - 100`,
		settlements: `s1 SUCCESS 1 - 300`,
		want: `
1 A K mismatched 1:1 100/300/200 total_differs net_differs settled_elsewhere
1 A s1`,
	},
	{
		name: "settled elsewhere, and nothing here", elsewhere: true,
		bills: `
A 1 - 100
B 1 - 20`,
		want: `
1 A K mismatched 1:0 100/0/-100 settled_elsewhere
1 B K mismatched 1:0 20/0/-20 settled_elsewhere`,
	},
	{
		name: "settled elsewhere, and not asked here", notAsked: true, elsewhere: true,
		bills: `A 1 - 100`,
		want: `
1 A K mismatched 1:0 100/0/-100 settled_elsewhere`,
	},
	{
		name: "settled elsewhere: what agrees here does", elsewhere: true,
		bills: `
A 1 - 100
A 2 - 20`,
		settlements: `s1 SUCCESS 1 - 100`,
		want: `
1 A K matched/order 1:1 100/100/0
2 A K mismatched 1:0 20/0/-20 settled_elsewhere
1 A s1`,
	},
	{
		name: "settled elsewhere: what differs here says so first", elsewhere: true,
		bills:       `A 1 - 100`,
		settlements: `s1 SUCCESS 1 - 90`,
		want: `
1 A K mismatched 1:1 100/90/-10 total_differs net_differs settled_elsewhere
1 A s1`,
	},
	{
		name: "settled elsewhere, and not explained here", elsewhere: true,
		bills: `
A 1 i1 100`,
		settlements: `
s1 SUCCESS 1 i1 100
s2 SUCCESS 1 - 50`,
		want: `
1 A K/i1 mismatched 1:2 100/150/50 settlement_unexplained settled_elsewhere
1 A s1
1 A s2`,
	},
	{
		name: "settled elsewhere: what failed here has failed", elsewhere: true,
		bills:       `A 1 - 100`,
		settlements: `s1 FAIL 1 - 100`,
		want: `
1 A K failed 1:1 100/_/_
1 A s1`,
	},
	{
		name: "settled elsewhere: what is under way here may come", elsewhere: true,
		bills:       `A 1 - 100`,
		settlements: `s1 INIT 1 - 100`,
		want: `
1 A K pending 1:1 100/_/_
1 A s1`,
	},
	{
		name: "settled elsewhere: an amount that another day has taken", elsewhere: true,
		bills: `
A 1 - 40
A 2 - 30`,
		settlements: `s1 SUCCESS 2 - 40`,
		want: `
1 A K matched/amount 1:0 40/0/-40 offset_by:2/A
2 A K mismatched 1:1 30/40/10 settled_elsewhere
2 A s1`,
	},
}
