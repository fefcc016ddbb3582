package schema

import (
	"errors"
	"runtime"
	"strings"
	"testing"
)

// TestAmplified: a text of 16 MiB that would take 3 GB of memory is refused, whatever its
// list is called and contains.
func TestAmplified(t *testing.T) {
	for _, element := range []string{"{}", "null", "1", "{ }", `{"a":[{}]}`} {
		for _, list := range []string{"units", "objects", "UNITS", `\u0075nits`, "unit\u017f"} {
			text := []byte(`{"version":1,"` + list + `":[` + strings.Repeat(element+",", 16<<20/(len(element)+1)) + element + `]}`)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := DecodeManifest(text)
			runtime.ReadMemStats(&after)
			if taken := after.TotalAlloc - before.TotalAlloc; !errors.Is(err, ErrManifest) || taken > 1<<20 {
				t.Errorf("%s of %s: %v, after %d MiB", list, element, err, taken>>20)
			}
		}
	}
}

// TestCheckLists: what billwalk writes is accepted, of any size, also if every value is
// zero.
func TestCheckLists(t *testing.T) {
	t.Parallel()
	least := &Manifest{Version: ManifestVersion}
	for range 100_000 {
		c := &Certificate{Pages: make([]Link, 3), Agreed: make([]string, 3)}
		least.Units = append(least.Units, Entry{Rules: make([]RuleUse, 2), Certificate: c}, Entry{})
		least.Objects = append(least.Objects, Object{})
	}
	data, err := least.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := checkLists(data, unitMemory); err != nil {
		t.Errorf("the least manifest: %v", err)
	}
	for text, good := range map[string]bool{
		`{"a":"` + strings.Repeat("[],", 1<<20) + `"}`:         true,  // a text, not a list
		`{"a":["\"` + strings.Repeat("],[", 1<<20) + `\\",1]}`: true,  // as above, with another end
		`{"a":[` + strings.Repeat("1,", 1<<14) + `1]}`:         true,  // a later version's
		`{"a":{"b":[` + strings.Repeat("1,", 1<<20) + `1]}}`:   false, // 64 MiB of 2
		`{"a":["\\",` + strings.Repeat("{},", 1<<20) + `{}]}`:  false, // after an escaped backslash
		strings.Repeat("[", 1<<20):                             true,  // not JSON: the reader's
		`]}]}`:                                                 true,
		`"\`:                                                   true,
		``:                                                     true,
	} {
		if err := checkLists([]byte(text), unitMemory); (err == nil) != good {
			t.Errorf("%.20s… of %d bytes: %v", text, len(text), err)
		}
	}
}
