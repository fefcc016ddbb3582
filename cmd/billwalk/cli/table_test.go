package cli

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTable: Chinese characters and emoji take two columns, letters with accents one, and
// no line ends in blanks.
func TestTable(t *testing.T) {
	t.Parallel()
	rows := newTable("name", "yuan", "说明").alignLeft(0, 2)
	rows.add("西安🍜面馆", "1.00", "平账")
	rows.add("Ürümqi乌鲁木齐", "-12345.67", "")
	rows.add("𠮷", "", "a")
	rows.rows[0][1].style = red
	for styled, want := range map[bool]string{
		false: `name                 yuan  说明
西安🍜面馆           1.00  平账
Ürümqi乌鲁木齐  -12345.67
𠮷                         a
`,
		true: `name                 yuan  说明
西安🍜面馆           ` + "\x1b[31m1.00\x1b[0m" + `  平账
Ürümqi乌鲁木齐  -12345.67
𠮷                         a
`,
	} {
		var out strings.Builder
		if err := rows.print(&out, styled); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("styled %t (-want +got):\n%s", styled, diff)
		}
	}
	if got := shorten("重庆老灶火锅", 8); got != "重庆老…" {
		t.Errorf("shortened to 8 columns: %q", got)
	}
}

// TestNoColourButOnATerminal: what is no terminal is never written colours to, and NO_COLOR
// and dumb terminals are respected before that is looked at.
func TestNoColourButOnATerminal(t *testing.T) {
	t.Parallel()
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	none := func(string) string { return "" }
	if takesStyle(file, none) || takesStyle(new(bytes.Buffer), none) {
		t.Error("colours go to what is no terminal")
	}
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0) // a terminal of the test's own
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	for _, c := range []struct {
		name, value string
		want        bool
	}{
		{"", "", true}, {"NO_COLOR", "1", false}, {"NO_COLOR", "0", false}, {"NO_COLOR", "", true}, {"TERM", "dumb", false}, {"TERM", "xterm-256color", true},
	} {
		env := func(name string) string {
			if name == c.name {
				return c.value
			}
			return ""
		}
		if got := takesStyle(terminal, env); got != c.want {
			t.Errorf("%s=%s on a terminal: %t", c.name, c.value, got)
		}
	}
}

// TestLongNames: a name of the platform's does not fill a screen.
func TestLongNames(t *testing.T) {
	t.Parallel()
	names := accountNames{"1": strings.Repeat("长", 2000), "2": "某某餐饮"}
	if got, want := names.with("1")+names.with("2"), "1 ("+strings.Repeat("长", 29)+"…)2 (某某餐饮)"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
