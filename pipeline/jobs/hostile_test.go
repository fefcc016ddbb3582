package jobs

import (
	"strings"
	"testing"
)

// TestHostileShapes: files that are nested 20,000 deep, or have a hundred thousand
// faults, or aliases that grow exponentially, have a short error.
func TestHostileShapes(t *testing.T) {
	t.Parallel()
	const deep, many = 20_000, 100_000
	lists := strings.Repeat("[", deep) + strings.Repeat("]", deep)
	var blocks strings.Builder
	for i := range 2_000 {
		blocks.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	const bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
	const account = "[{account_id: 7047437174853240835}]"
	for name, text := range map[string]string{
		"lists": lists, "open lists": lists[:deep], "maps": strings.Repeat("{a: ", deep) + strings.Repeat("}", deep),
		"dashes": strings.Repeat("- ", deep) + "x", "blocks": blocks.String(), "accounts": changed(t, account, lists),
		"keys": strings.Repeat("k: 1\n", many), "accounts without an id": changed(t, account, "["+strings.Repeat("{name: x},", many)+"]"),
		"a bomb": bomb, "a merge": changed(t, "{app: life}", "&b {app: life}\n    lookback: {<<: *b}"),
	} {
		_, err := parse(t, text, nil, nil)
		if err == nil || strings.Count(err.Error(), "\n") > maxShownFaults || len(err.Error()) > 64<<10 {
			t.Errorf("%s: want a few faults: %.2000v", name, err)
		}
	}
	_, err := fromSheet(t, "account_id\n"+strings.Repeat("x\n", many))
	if err == nil || strings.Count(err.Error(), "\n") != maxShownFaults || !strings.HasSuffix(err.Error(), "\nand 99800 more") {
		t.Errorf("a sheet of faults: %.2000v", err)
	}
}
