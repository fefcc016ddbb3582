package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"billwalk/pipeline"
	"billwalk/pipeline/douyin"
	"billwalk/schema"
)

// definition is a code or word that billwalk prints or publishes, as explain shows it. What
// it says is taken from the lists that the program itself works with.
type definition struct {
	Code     string            `json:"code"`
	Kind     schema.Bilingual  `json:"kind"`
	Label    string            `json:"label,omitempty"` // in Chinese
	Meaning  schema.Bilingual  `json:"meaning"`
	Handling *schema.Bilingual `json:"handling,omitempty"` // what billwalk does by itself
	Remedies []remedy          `json:"remedies"`           // what a person does
}

// remedy is what a person does, in general or for the API's codes.
type remedy struct {
	APIs []string `json:"apis,omitempty"`
	schema.Bilingual
}

// The kinds of terms, in the order of a listing.
var (
	kindPlatform   = schema.Bilingual{English: "error code of the platform", Chinese: "平台错误码"}
	kindSub        = schema.Bilingual{English: "sub error code of the platform", Chinese: "平台子错误码"}
	kindOwn        = schema.Bilingual{English: "error code of billwalk", Chinese: "billwalk 的错误码"}
	kindExit       = schema.Bilingual{English: "exit code", Chinese: "退出码"}
	kindVerdict    = schema.Bilingual{English: "verdict", Chinese: "对账结论"}
	kindReason     = schema.Bilingual{English: "reason", Chinese: "原因"}
	kindCause      = schema.Bilingual{English: "cause of a mismatch", Chinese: "差异成因"}
	kindTier       = schema.Bilingual{English: "way of matching", Chinese: "匹配方式"}
	kindRule       = schema.Bilingual{English: "exception rule", Chinese: "异常类型"}
	kindUnit       = schema.Bilingual{English: "state of a unit", Chinese: "账户当天的状态"}
	kindDay        = schema.Bilingual{English: "state of a day", Chinese: "一天的状态"}
	kindDirection  = schema.Bilingual{English: "direction or sign", Chinese: "收支方向与差额的正负"}
	kindStatus     = schema.Bilingual{English: "settle_status", Chinese: "分账状态"}
	kindSource     = schema.Bilingual{English: "source of a settlement", Chinese: "分账的来源"}
	kindWithdrawal = schema.Bilingual{English: "verdict of a withdrawal", Chinese: "提现核对"}
	kindMoney      = schema.Bilingual{English: "where the money of a bill is", Chinese: "账单资金的去向"}
	kindChange     = schema.Bilingual{English: "change of a bill", Chinese: "账单的变动"}
)

// terms returns all of them.
func terms() (all []definition) {
	all = append(all, platformTerms()...)
	for _, e := range schema.ErrorCodes {
		all = append(all, newTerm(kindOwn, string(e.Code), "", e.Meaning, e.Advice))
	}
	for _, e := range pipeline.ExitCodes {
		all = append(all, newTerm(kindExit, strconv.Itoa(e.Code), "", e.Meaning, e.Remedy))
	}
	for _, v := range schema.Verdicts {
		all = append(all, newTerm(kindVerdict, string(v), v.Label(), v.Meaning(), v.Advice()))
	}
	for _, v := range schema.WithdrawVerdicts {
		all = append(all, newTerm(kindWithdrawal, string(v), v.Label(), v.Meaning(), v.Advice()))
	}
	for _, r := range schema.Reasons {
		all = append(all, newTerm(kindReason, r.Form, r.Label.Chinese, r.Meaning, r.Advice))
	}
	for _, c := range schema.Causes {
		all = append(all, newTerm(kindCause, string(c), c.Label(), c.Meaning(), schema.Mismatched.Advice()))
	}
	for _, t := range schema.Tiers {
		all = append(all, newTerm(kindTier, string(t), t.Label(), t.Meaning(), schema.Bilingual{}))
	}
	for _, r := range schema.Rules {
		t := newTerm(kindRule, string(r), r.Label(), r.Meaning(), r.Advice())
		t.Kind.English += ", " + string(r.Severity())
		all = append(all, t)
	}
	for _, s := range dayStates {
		all = append(all, newTerm(kindDay, string(s.state), "", s.meaning, s.advice))
	}
	for _, list := range []struct {
		kind  schema.Bilingual
		words []schema.Word
	}{
		{kindUnit, schema.States},
		{kindDirection, schema.Directions},
		{kindStatus, schema.Statuses},
		{kindSource, schema.Sources},
		{kindChange, schema.Changes},
		{kindMoney, schema.BillStates},
	} {
		for _, w := range list.words {
			all = append(all, newTerm(list.kind, w.Value, w.Label.Chinese, w.Meaning, w.Advice))
		}
	}
	for _, list := range schema.CodeLists {
		kind := schema.Bilingual{English: "value of " + list.Field, Chinese: list.Field + " 的取值"}
		for _, c := range list.Codes {
			all = append(all, newTerm(kind, fmt.Sprintf("%s=%d", list.Field, c.Value), "", schema.Bilingual{English: c.English, Chinese: c.Chinese}, schema.Bilingual{}))
		}
	}
	return all
}

func newTerm(kind schema.Bilingual, code, label string, meaning, advice schema.Bilingual) definition {
	t := definition{Code: code, Kind: kind, Label: label, Meaning: meaning, Remedies: []remedy{}}
	if advice != (schema.Bilingual{}) {
		t.Remedies = append(t.Remedies, remedy{Bilingual: advice})
	}
	return t
}

func platformTerms() (all []definition) {
	for _, e := range douyin.Explanations() {
		all = append(all, platformTerm(e))
	}
	return all
}

func platformTerm(e douyin.Explanation) definition {
	t := definition{Code: strconv.FormatInt(e.Code, 10), Kind: kindPlatform, Meaning: e.Meaning, Handling: &e.Handling}
	if e.Sub {
		t.Kind = kindSub
	}
	for _, r := range e.Remedies {
		if len(e.Remedies) == 1 {
			r.APIs = nil // it is the same everywhere
		}
		t.Remedies = append(t.Remedies, remedy{r.APIs, r.Bilingual})
	}
	return t
}

// explains reports whether the text names the term: by its code or its Chinese label,
// whatever its case, by a value of a form such as <leg>_differs, or by a number alone.
func (t definition) explains(text string) bool {
	if strings.EqualFold(t.Code, text) || t.Label != "" && t.Label == text {
		return true
	}
	if field, value, ok := strings.Cut(t.Code, "="); ok && field != "" {
		return value == text
	}
	if t.Kind == kindReason {
		reason, ok := schema.ReasonOf(strings.ToLower(text))
		return ok && reason.Form == t.Code
	}
	return false
}

// findTerms returns the terms that the text names.
func findTerms(text string) []definition {
	found := slices.DeleteFunc(terms(), func(t definition) bool { return !t.explains(text) })
	for i, t := range found {
		if r, ok := schema.ReasonOf(strings.ToLower(text)); ok && t.Kind == kindReason {
			found[i] = newTerm(kindReason, r.Form, r.Label.Chinese, r.Meaning, r.Advice) // of one leg
		}
	}
	return found
}
