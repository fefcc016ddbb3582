package truth

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/schema"
	"billwalk/sinks/object"
)

// proof is what an answer of the sandbox ends with.
var proof = regexp.MustCompile(`"extra":\{"error_code":0[^{}]*\}\}\}\n$`)

// unproven is an object of the archive as an earlier version could have written it,
// which took an error beside data for success.
func unproven(t *testing.T, body []byte, hashes map[string]string) (changed []byte, lines int) {
	t.Helper()
	for line := range bytes.Lines(inflated(t, body)) {
		is := proof.ReplaceAll(line, []byte(`"err_no":28001006,"err_msg":"网络调用错误","log_id":"L28"}}`+"\n"))
		if !bytes.Equal(is, line) {
			lines++
			hashes[schema.HashOf(bodyOf(t, line))] = schema.HashOf(bodyOf(t, is))
		}
		changed = append(changed, is...)
	}
	return deflated(t, changed), lines
}

func bodyOf(t *testing.T, line []byte) []byte {
	t.Helper()
	var archived struct {
		Body json.RawMessage `json:"body"`
	}
	if err := json.Unmarshal(line, &archived); err != nil {
		t.Fatal(err)
	}
	return archived.Body
}

// TestVerifyWithoutEvidence: a lake that was archived with errors in place of pages
// and answers, and whose every hash fits. Verify names each of them with its code
// and logid; the next run fetches them anew, and then nothing is left to name.
func TestVerifyWithoutEvidence(t *testing.T) {
	t.Parallel()
	l := newProvenLake(t, billwalktest.FolderLake(t), 11, 3, 12)
	forged, hashes, lines := make(map[string][]byte), make(map[string]string), make(map[string]int)
	for _, key := range l.keys {
		if strings.HasPrefix(shelfOf(key), "archive/") && strings.HasSuffix(key, ".zst") {
			if body, n := unproven(t, l.bodies[key], hashes); n > 0 {
				forged[key], lines[shelfOf(key)] = body, lines[shelfOf(key)]+n
			}
		}
	}
	if lines["archive/bills.zst"] == 0 || lines["archive/settlements.zst"] == 0 {
		t.Fatalf("changed are %v", lines)
	}
	var pairs []string
	for was, is := range hashes {
		pairs = append(pairs, was, is)
	}
	certified := strings.NewReplacer(pairs...)
	for _, key := range l.keys {
		if shelfOf(key) == "archive/bills.json" {
			forged[key] = []byte(certified.Replace(string(l.bodies[key])))
		}
		if shelfOf(key) == "_manifests" && !strings.HasSuffix(key, "lake.json") {
			forged[key] = resealed(t, certified.Replace, l.bodies[key])
		}
	}
	for key, body := range forged {
		put(t, l.store, key, body, l.metas[key])
	}

	v, code := verifying(t, l.config, nil, billwalktest.MustDay(verifyDay), billwalktest.MustDay(verifyDay))
	named := make(map[string]bool)
	for _, f := range v.Findings {
		if strings.Contains(f.Got, "28001006") && strings.Contains(f.Got, "L28") && strings.HasPrefix(f.Place, "line ") && f.Fix != "" {
			named[shelfOf(f.Key)] = true
		}
	}
	if want := slices.Sorted(maps.Keys(lines)); code == 0 || !slices.Equal(slices.Sorted(maps.Keys(named)), want) {
		t.Errorf("exit %d, named are %v of %v:\n%s", code, named, want, billwalktest.FindingLines(v.Findings))
	}

	billwalktest.Run(t, l.config, "run", "nightly", "--from", verifyDay)
	billwalktest.CheckProven(t, l.config, billwalktest.MustDay(verifyDay), billwalktest.MustDay(verifyDay))
	billwalktest.Run(t, l.config, "replay", "nightly", "--from", verifyDay)
	billwalktest.CheckProven(t, l.config, billwalktest.MustDay(verifyDay), billwalktest.MustDay(verifyDay))
}

// resealed changes the certificates of a manifest.
func resealed(t *testing.T, change func(string) string, body []byte) []byte {
	t.Helper()
	m, err := schema.DecodeManifest(body)
	if err != nil {
		t.Fatal(err)
	}
	for i := range m.Units {
		if c := m.Units[i].Certificate; c != nil {
			for n := range c.Pages {
				c.Pages[n].SHA256 = change(c.Pages[n].SHA256)
			}
		}
	}
	out, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// put replaces an object, and the hash that is stored with it.
func put(t *testing.T, store object.Store, key string, body []byte, meta map[string]string) {
	t.Helper()
	info, err := store.Head(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	meta = maps.Clone(meta)
	if meta["sha256"] != "" {
		meta["sha256"] = schema.HashOf(body)
	}
	if _, err := store.Put(t.Context(), key, bytes.NewReader(body), object.IfMatch(info.ETag), meta); err != nil {
		t.Fatal(err)
	}
}
