package schema

// What callbacks told of: items, other links than a match rule, and what no bill
// explains.
var callbackCases = []reconcileCase{
	{"two items of one settle_id",
		[]string{"01 A l1 o 100 item=i1", "01 A l2 o 50 item=i2"},
		[]string{"01 s o SUCCESS 100 item=i1 source=callback", "01 s o SUCCESS 50 item=i2 source=callback"},
		[]string{
			"01 A o/i1 o i1 matched by item [] 1+1 billed 100 settled 100 diff 0",
			"01 A o/i2 o i2 matched by item [] 1+1 billed 50 settled 50 diff 0"}},
	{"by its item alone, and not the smallest",
		[]string{"01 A l1 o 100 item=i1", "02 A l2 o 50 item=i2"},
		[]string{"02 s x SUCCESS 50 item=i2 source=callback asked=item_order_id=>item_order_id"},
		[]string{
			"01 A o o - bill_only [] 1+0 billed 100 settled - diff -",
			"02 A o/i2 o i2 matched by item [] 1+1 billed 50 settled 50 diff 0"}},
	{"by an item of two orders, the smaller one's",
		[]string{"01 A l1 o1 100 item=i", "01 A l2 o2 100 item=i"},
		[]string{"01 s x SUCCESS 100 item=i source=callback asked=item_order_id=>item_order_id"},
		[]string{
			"01 A o1/i o1 i matched by item [] 1+1 billed 100 settled 100 diff 0",
			"01 A o2 o2 - bill_only [] 1+0 billed 100 settled - diff -"}},
	{"by any id of a bill, though the query asks with the smallest",
		[]string{"01 A l1 o 60 cert=c2", "01 A l2 o 40 cert=c1"},
		[]string{"01 c1 - SUCCESS 40 asked=settle_id=>certificate_id", "01 c2 - SUCCESS 60 asked=settle_id=>certificate_id source=callback"},
		[]string{"01 A o o - matched by order [] 2+2 billed 100 settled 100 diff 0"}},
	{"a refund of the item links nothing",
		[]string{"01 A l o 100", "01 A r o -30 type=2 item=i"},
		[]string{"01 s x SUCCESS 100 item=i source=callback asked=item_order_id=>item_order_id"},
		[]string{
			"01 A o o - bill_only [] 1+0 billed 100 settled - diff -",
			"01 A o#non-forward o - not_applicable [non_forward] 1+0 billed - settled - diff - refund -30"}},
	{"by another settlement of its order_id",
		[]string{"01 A l o 150 item=i"},
		[]string{"01 s1 x SUCCESS 100 item=i source=callback asked=item_order_id=>item_order_id", "01 s2 x SUCCESS 50 source=callback asked=order_id=>settlement"},
		[]string{"01 A o/i o i matched by order [] 1+2 billed 150 settled 150 diff 0"}},
	{"by another item of its settle_id",
		[]string{"01 A l o 150 item=i1"},
		[]string{"01 s x SUCCESS 150 item=i1 source=callback asked=item_order_id=>item_order_id", "01 s x FAIL 50 item=i2 source=callback asked=order_id=>settlement"},
		[]string{"01 A o/i1 o i1 matched by item [] 1+2 billed 150 settled 150 diff 0"}},
	{"the other settlement is too far away",
		[]string{"01 A l1 o 100 item=i", "04 A l2 o 50"},
		[]string{"01 s1 x SUCCESS 100 item=i source=callback asked=item_order_id=>item_order_id", "04 s2 x SUCCESS 50 source=callback asked=order_id=>settlement"},
		[]string{
			"01 A o/i o i matched by item [] 1+1 billed 100 settled 100 diff 0",
			"04 A o o - bill_only [] 1+0 billed 50 settled - diff -"}},
	{"no bill explains them",
		nil,
		[]string{"01 s1 x SUCCESS 100 source=callback asked=none at=5", "01 s2 x FAIL 7 source=callback asked=none at=3", "02 s3 x INIT 1 source=callback asked=none"},
		[]string{
			"01 - x x - settlement_only [settlement_unexplained] 0+2 billed - settled 100 diff - at 3..5",
			"02 - x x - settlement_only [settlement_unexplained] 0+1 billed - settled - diff -"}},
	{"paid, and the bill removed since",
		[]string{"01 A l o 100"},
		[]string{"01 s1 x SUCCESS 70 at=5", "01 s2 o SUCCESS 100", "01 s3 y FAIL 5"},
		[]string{
			"01 - x#bill_removed x - settlement_only [bill_removed] 0+1 billed - settled 70 diff - at 5..5",
			"01 A o o - matched by order [] 1+1 billed 100 settled 100 diff 0"}},
	{"unexplained items, and one without an order",
		nil,
		[]string{"01 s x SUCCESS 10 item=i1 source=callback asked=none", "01 s x SUCCESS 20/-/0/18 item=i2 source=callback asked=none", "01 t '' SUCCESS 30 item='' source=callback asked=none"},
		[]string{
			"01 - x/i1 x i1 settlement_only [settlement_unexplained] 0+1 billed - settled 10 diff -",
			"01 - x/i2 x i2 settlement_only [settlement_unexplained] 0+1 billed - settled 20/-/0/18 diff -",
			"01 - settlement:t - - settlement_only [settlement_unexplained] 0+1 billed - settled 30 diff -"}},
	{"a bill of its order that is too far away explains nothing",
		[]string{"01 A l o 100"},
		[]string{"04 s o SUCCESS 100 source=callback asked=none"},
		[]string{
			"01 A o o - bill_only [] 1+0 billed 100 settled - diff -",
			"04 - o o - settlement_only [settlement_unexplained] 0+1 billed - settled 100 diff -"}},
}
