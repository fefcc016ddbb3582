package schema

import "testing"

// TestSplitBilingual: earlier versions wrote the hints of failures in both languages in one text.
func TestSplitBilingual(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Bilingual{
		"降低 qps; lower the app's qps in jobs.yaml":         {"lower the app's qps in jobs.yaml", "降低 qps"},
		"配额用完,明天再跑; the quota is used up: run again":       {"the quota is used up: run again", "配额用完，明天再跑"},
		"在 控制台 > 应用详情 开通“商家账单明细”; the app needs the scope": {"the app needs the scope", "在 控制台 > 应用详情 开通“商家账单明细”"},
		"参数错误 a parameter is wrong":                        {"a parameter is wrong", "参数错误"},
		"run the day again":                                {"run the day again", "run the day again"},
		"授权":                                               {"授权", "授权"},
		"":                                                 {"", ""},
	} {
		if got := splitBilingual(text); got != want {
			t.Errorf("%q: %+v", text, got)
		}
	}
}
