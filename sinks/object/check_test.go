package object

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzKey: an accepted key is the name of a file below the folder. Every start of it is a
// prefix for List. Nothing else is refused than the rule says.
func FuzzKey(f *testing.F) {
	for _, seed := range []string{
		"bills/bill_date=2026-11-20/bucket-000.parquet", "../../x", "a//b", "/", "a/./b", "某某/餐饮", "\xff", `C:\x`, ".billwalk/lock", "..a", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, key string) {
		err := checkKey(key)
		if err != nil {
			plain := fs.ValidPath(key) && key != "." && len(key) <= maxKey && !strings.HasPrefix(key, reserved) &&
				!strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r == '\\' || r >= 0x7f && r < 0xa0 })
			if plain || !errors.Is(err, ErrKey) {
				t.Fatalf("%q is refused: %v", key, err)
			}
			return
		}
		if !fs.ValidPath(key) || !filepath.IsLocal(filepath.FromSlash(key)) || strings.HasPrefix(key, reserved+"/") {
			t.Fatalf("%q is accepted", key)
		}
		for i := range key {
			if utf8.RuneStart(key[i]) {
				if err := CheckPrefix(key[:i]); err != nil {
					t.Fatalf("%q is a key, but its start is refused: %v", key, err)
				}
			}
		}
	})
}
