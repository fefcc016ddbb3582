package schema

import "testing"

func TestUTF8(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ content, want string }{
		"no mark":                {"账号", "账号"},
		"empty":                  {"", ""},
		"UTF-8 mark":             {"\ufeff账号", "账号"},
		"a second mark stays":    {"\ufeff\ufeffa", "\ufeffa"},
		"UTF-16, little endian":  {"\xff\xfea\x00&\x8d\n\x00", "a账\n"},
		"UTF-16, big endian":     {"\xfe\xff\x00a\x8d&\x00\n", "a账\n"},
		"UTF-16, a pair":         {"\xff\xfe\x3d\xd8\x00\xde", "😀"},
		"UTF-16, half a pair":    {"\xff\xfe\x3d\xd8", "\ufffd"},
		"UTF-16, an odd byte":    {"\xff\xfea\x00b", "a"},
		"GB18030 stays as it is": {"\xd5\xcb\xba\xc5", "\xd5\xcb\xba\xc5"},
	} {
		if got := string(UTF8([]byte(c.content))); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
