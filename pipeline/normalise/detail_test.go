package normalise

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"billwalk/schema"
)

const (
	shop   = "68882720803499563550" // beyond uint64
	agency = "72700000000000000350"
)

func TestParseDetail(t *testing.T) {
	t.Parallel()
	one := []schema.Share{{MerchantNo: shop, Amount: 840}}
	two := append(one, schema.Share{MerchantNo: agency, Amount: 19108})
	both := func(between string) string {
		return "商户号" + shop + "-分成金额(分)840" + between + "商户号" + agency + "-分成金额(分)19108"
	}
	for detail, want := range map[string][]schema.Share{
		"商户号68882720803499563550-分成金额(分)840":         one,
		"商户号 68882720803499563550- 分成金额(分)840":       one, // as the callback's page has it
		" 商户号68882720803499563550 - 分成金额 ( 分 ) 840 ": one,
		"商户号68882720803499563550－分成金额（分）840":         one,
		"商户号68882720803499563550—分成金额（分）840":         one,
		"商户号68882720803499563550——分成金额（分）840":        one,
		"商户号68882720803499563550–分成金额(分)840":         one,
		"商户号68882720803499563550−分成金额(分)840":         one,
		"商户号：68882720803499563550-分成金额(分)：840":       one,
		"商户号:68882720803499563550-分成金额(分): 840\n":    one,
		"商户号６８８８２７２０８０３４９９５６３５５０-分成金额(分)８４０":         one,
		"商户号68882720803499563550-分成金额(分)000840。":     one,
		"商户号0-分成金额(分)0":                              {{MerchantNo: "0"}},
		"商户号1-分成金额(分)9223372036854775807":            {{MerchantNo: "1", Amount: 1<<63 - 1}},
		"商户号1-分成金额(分)2,商户号1-分成金额(分)2":                {{MerchantNo: "1", Amount: 2}, {MerchantNo: "1", Amount: 2}},
		both(""): two, both(" "): two, both(","): two, both(", "): two, both("，"): two, both(";"): two, both("；"): two, both("、"): two,
		both("|"): two, both("｜"): two, both("/"): two, both("\n"): two, both("\r\n"): two, both("\t"): two, both("\u3000"): two, both("\u00a0"): two,
		both("&"): two, both("+"): two, both("-"): two, both("——"): two, both(" _ "): two, both("。") + ";": two,
		";" + both(";;"): two,
	} {
		got, err := ParseDetail(detail)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%q: got %v (-want +got):\n%s", detail, err, diff)
		}
	}
}

func TestDetailsThatDoNotParse(t *testing.T) {
	t.Parallel()
	const whole = "商户号68882720803499563550-分成金额(分)840"
	for _, detail := range []string{
		"", " ", ";", "840", "SUCCESS", "无", "{}",
		"商户号-分成金额(分)840",
		"商户号68882720803499563550-分成金额(分)",
		"商户号68882720803499563550 分成金额(分)840",
		"商户号68882720803499563550-分成金额(元)8.40",
		"商户号68882720803499563550-分成金额(元)840",
		"商户号68882720803499563550-分成金额840",
		"商户号m8882720803499563550-分成金额(分)840",
		"商户号68882720803499563550-分成金额(分)-840",
		"商户号68882720803499563550-分成金额(分)－840",
		"商户号68882720803499563550-分成金额(分)−840",
		"商户号68882720803499563550-分成金额(分)+840",
		"商户号68882720803499563550-分成金额(分)8.4",
		"商户号68882720803499563550-分成金额(分)8．4",
		"商户号68882720803499563550-分成金额(分)840.",
		"商户号68882720803499563550-分成金额(分)840.00",
		"商户号68882720803499563550-分成金额(分)1,840",
		"商户号68882720803499563550-分成金额(分)1 840",
		"商户号68882720803499563550-分成金额(分)1，840",
		"商户号68882720803499563550-分成金额(分)8e2",
		"商户号68882720803499563550-分成金额(分)0x840",
		"商户号68882720803499563550-分成金额(分)٨٤٠",
		"商户号1-分成金额(分)9223372036854775808",
		whole + ";商户号1-分成金额(分)99999999999999999999",
		whole + "-", "-" + whole, whole + "元", whole + "分", whole + "…", whole + "%",
		whole + ",手续费60", "佣金100," + whole, whole + "和" + whole, whole + ";商户号" + agency,
		whole + ";" + agency + "-分成金额(分)1", "{" + whole + "}", whole + "\x00", whole + "\xff",
	} {
		if got, err := ParseDetail(detail); err == nil {
			t.Errorf("%q is read as %v", detail, got)
		}
	}
}

// matchDetail is ParseDetail as one regular expression.
func matchDetail(detail string) (shares []schema.Share, ok bool) {
	folded := strings.Map(fold, detail)
	if !allShares.MatchString(folded) {
		return nil, false
	}
	for _, share := range oneShare.FindAllStringSubmatch(folded, -1) {
		amount, err := strconv.ParseInt(share[2], 10, 64)
		if err != nil {
			return nil, false
		}
		shares = append(shares, schema.Share{MerchantNo: share[1], Amount: schema.Fen(amount)})
	}
	return shares, true
}

const onlyShare = `商户号 *:? *([0-9]+) *-+ *分成金额 *\( *分 *\) *:? *([0-9]+)`

var (
	oneShare  = regexp.MustCompile(onlyShare)
	allShares = regexp.MustCompile(`^[ ,;:、。|/\\&_]*` + onlyShare + `(?:[ ,;:、。|/\\&_+-]*` + onlyShare + `)*[ ,;:、。|/\\&_]*$`)
)

// TestParseDetailMatches: whatever the parts of a settle_detail, its shares are those of the
// regular expression.
func TestParseDetailMatches(t *testing.T) {
	t.Parallel()
	const whole = "商户号1-分成金额(分)840"
	parts := []string{"商户号", "1", "68882720803499563550", "-", "--", "—", "－", "分成金额", "(分)", "（分）", "(", "分", ")", "-分成金额(分)", "840", "8４0", ";", ",", "、", ":", "：",
		" ", "  ", "\u3000", "+", "\\", ".", "元", "\xff", "9223372036854775807", "9223372036854775808", whole, whole, whole}
	rapid.Check(t, func(t *rapid.T) {
		detail := strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 0, 10).Draw(t, "parts"), "")
		want, ok := matchDetail(detail)
		if got, err := ParseDetail(detail); (err == nil) != ok || cmp.Diff(want, got) != "" {
			t.Fatalf("%q: got %v (%v), want %v", detail, got, err, want)
		}
		if got, want := folded(detail), strings.Map(fold, detail); got != want {
			t.Fatalf("%q is folded to %q, want %q", detail, got, want)
		}
	})
}

// render writes shares in the documented form.
func render(shares []schema.Share, between string) string {
	parts := make([]string, len(shares))
	for i, share := range shares {
		parts[i] = fmt.Sprintf("商户号%s-分成金额(分)%d", share.MerchantNo, share.Amount)
	}
	return strings.Join(parts, between)
}

// FuzzParseDetail: parsed shares have all digits of the text, and parse to the same when they
// are rendered again.
func FuzzParseDetail(f *testing.F) {
	for _, detail := range []string{
		"商户号68882720803499563550-分成金额(分)840", "商户号 72700000000000000350— 分成金额（分）：19108；商户号1-分成金额(分)2",
		"", "商户号1-分成金额(分)-1", "商户号1-分成金额(分)1.5", "商户号1-分成金额(分)9223372036854775808", "商户号１-分成金额(分)００２",
	} {
		f.Add(detail)
	}
	f.Fuzz(func(t *testing.T, detail string) {
		if got, want := folded(detail), strings.Map(fold, detail); got != want {
			t.Fatalf("%q is folded to %q, want %q", detail, got, want)
		}
		shares, err := ParseDetail(detail)
		if matched, ok := matchDetail(detail); ok != (err == nil) || cmp.Diff(matched, shares) != "" {
			t.Fatalf("%q: got %v (%v), want %v", detail, shares, err, matched)
		}
		if err != nil {
			if shares != nil {
				t.Fatalf("%q: shares %v beside %v", detail, shares, err)
			}
			return
		}
		var digits strings.Builder
		for _, share := range shares {
			if share.Amount < 0 {
				t.Fatalf("%q has a share of %d", detail, share.Amount)
			}
			fmt.Fprintf(&digits, "%s%d", share.MerchantNo, share.Amount)
		}
		if got, want := significant(digits.String()), significant(detail); got != want {
			t.Fatalf("%q has the digits %s, its shares %s", detail, want, got)
		}
		for _, between := range []string{";", "、", " - "} {
			again, err := ParseDetail(render(shares, between))
			if diff := cmp.Diff(shares, again); err != nil || diff != "" {
				t.Fatalf("%q: written out again, %v (-before +after):\n%s", detail, err, diff)
			}
		}
	})
}

// significant returns the digits of a text without zeros, as leading ones do not count.
func significant(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '０' && r <= '９' {
			r += '0' - '０'
		}
		if r == '0' || !unicode.IsDigit(r) {
			return -1
		}
		return r
	}, s)
}
