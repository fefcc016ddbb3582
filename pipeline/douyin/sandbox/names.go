package sandbox

import "strings"

var (
	cities     = []string{"北京", "上海", "成都", "重庆", "Ürümqi乌鲁木齐", "𠮷林", "西安", "喀什"}
	kitchens   = []string{"老灶火锅", "小笼包", "拉面", "Café 咖啡", "烤鸭", "🍜面馆", "砂锅粥", "凉皮"}
	storeNames = []string{"", "·东门店", "·西单店", "(国贸, 二层)", "“机场”店"}
	dishes     = []string{"爆品任选券", "双人套餐", "四人聚餐", "工作日午餐", "50元代金券", "鲜啤一升", "儿童套餐"}
)

func merchantName(seed uint64, index int) string {
	r := draw(seed, word("merchant"), uint64(index))
	return cities[r.IntN(len(cities))] + kitchens[r.IntN(len(kitchens))]
}

// hostile names are valid text that a merchant could type, and that careless quoting,
// escaping or measuring would corrupt.
var hostile = []string{
	`"双引号" 'single' \反斜杠\`,
	"两行\n名称\r\n第三行\t制表",
	"👨‍👩‍👧‍👦 家庭套餐 🇨🇳🔥",
	"\u202eعرض خاص\u202c ١٢٣",
	`=cmd|'/c calc'!A0`,
	`@SUM(1+1)*cmd`,
	`<script>alert("x")</script>&amp;`,
	"U+2028\u2028与U+2029\u2029之间",
	`","ledger_id":"1"},{"`,
	`'; DROP TABLE bills; --`,
	"零宽\u200b空格\ufeff与e\u0301组合",
	strings.Repeat("很长的商品名称", 200),
	" ",
}
