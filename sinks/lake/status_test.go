package lake

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/sinks/object"
)

func TestRuns(t *testing.T) {
	t.Parallel()
	store := object.NewMem()
	l := open(t, store)
	if ids, err := l.Runs(t.Context()); len(ids) != 0 || err != nil {
		t.Errorf("Runs = %q, %v in a new lake", ids, err)
	}
	for _, id := range []string{"01B", "01C", "01A"} {
		if err := l.Record(t.Context(), id, []byte("{}")); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"runs/notes.txt", "runs/old/01D.json", "runs.json"} {
		if _, err := store.Put(t.Context(), key, strings.NewReader("{}"), object.Always(), nil); err != nil {
			t.Fatal(err)
		}
	}
	ids, err := l.Runs(t.Context())
	if diff := cmp.Diff([]string{"01A", "01B", "01C"}, ids); diff != "" || err != nil {
		t.Errorf("Runs (-want +got): %v\n%s", err, diff)
	}
}
