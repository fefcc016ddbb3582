package cli

import (
	"bytes"
	"strings"
	"testing"

	"billwalk/cmd/billwalk/billwalktest"
)

// TestTopics: each topic has a page in both languages, and is shown in the one that is
// asked for.
func TestTopics(t *testing.T) {
	for _, topic := range topics() {
		for language, first := range map[string]string{"": "# Security\n", "en": "# Security\n", "zh": "# 安全\n"} {
			text, err := page(topic, language)
			if err != nil || !strings.HasPrefix(text, "# ") || topic == "security" && !strings.HasPrefix(text, first) {
				t.Errorf("%s in %q begins %.20q, %v", topic, language, text, err)
			}
		}
	}
	for _, row := range []struct {
		lang string
		args []string
		code int
		want string
	}{
		{"C.UTF-8", []string{"help", "security"}, 0, "# Security\n"}, {"zh_CN.UTF-8", []string{"help", "security"}, 0, "# 安全\n"},
		{"zh_CN.UTF-8", []string{"help", "security", "en"}, 0, "# Security\n"}, {"", []string{"help", "security", "zh"}, 0, "# 安全\n"},
		{"", []string{"help", "security", "fr"}, billwalktest.ExitUsage, "want en or zh"}, {"", []string{"help", "nothing"}, billwalktest.ExitUsage, "the topics are"},
		{"", []string{"help", "run"}, 0, "--allow-open-day"}, {"", []string{"help"}, 0, "help security"},
	} {
		t.Setenv("LC_ALL", row.lang)
		t.Setenv("LANG", row.lang)
		var out, log bytes.Buffer
		if code := Main(row.args, &out, &log); code != row.code || !strings.Contains(out.String()+log.String(), row.want) {
			t.Errorf("%s with LANG=%s: exit %d, %.200s", row.args, row.lang, code, out.String()+log.String())
		}
	}
}
