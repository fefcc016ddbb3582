package jobs

import (
	"errors"
	"slices"
	"testing"
)

func TestExpand(t *testing.T) {
	t.Parallel()
	env := environment(map[string]string{"A": "a", "EMPTY": "", "TRICK": "${A} $$ *x: [", "_9": "nine"})
	for _, c := range []struct {
		in, out string
		unset   []string
		err     error
	}{
		{in: "", out: ""},
		{in: "某某", out: "某某"},
		{in: "${A}", out: "a"},
		{in: "s3://${A}/${_9}-${A}", out: "s3://a/nine-a"},
		{in: "${EMPTY}", out: ""},
		{in: "${EMPTY:-d}", out: "d"},
		{in: "${NONE:-}", out: ""},
		{in: "${NONE:-a:-b c}", out: "a:-b c"},
		{in: "${A:-d}", out: "a"},
		{in: "${TRICK}", out: "${A} $$ *x: ["},
		{in: "$$", out: "$"},
		{in: "$${A}", out: "${A}"},
		{in: "$$$${A}$$${A}", out: "$${A}$a"},
		{in: "a}b{c", out: "a}b{c"},
		{in: "${NONE}-${A}-${OTHER}", unset: []string{"NONE", "OTHER"}},
		{in: "$A", err: errDollar},
		{in: "cost $", err: errDollar},
		{in: "${", err: errVariable},
		{in: "${}", err: errVariable},
		{in: "${A", err: errVariable},
		{in: "${9A}", err: errVariable},
		{in: "${A-d}", err: errVariable},
		{in: "${A:d}", err: errVariable},
		{in: "${A:-${NONE}}", err: errNested},
	} {
		got, err := expand(c.in, env)
		if !errors.Is(err, c.err) || !slices.Equal(got.unset, c.unset) || len(c.unset) == 0 && got.text != c.out {
			t.Errorf("expand(%q) = %+v, %v; want %q, unset %v, %v", c.in, got, err, c.out, c.unset, c.err)
		}
	}
}

// The value of a variable is text, even if it looks like YAML.
func TestValueCannotInjectYAML(t *testing.T) {
	t.Parallel()
	const hostile = "x}, path_style: true, #"
	file := mustParse(t, changed(t, "{account_id: 7047437174853240835}", `{account_id: 7047437174853240835, name: "${NAME}"}`), map[string]string{"NAME": hostile}, nil)
	if got := file.Jobs["nightly"].Accounts[0].Name; got != hostile || file.Lake.PathStyle {
		t.Errorf("name %q, path style %v", got, file.Lake.PathStyle)
	}
}

// An expanded text can be a number, a duration or a choice.
func TestExpandedValuesHaveTypes(t *testing.T) {
	t.Parallel()
	text := changed(t, "bills: {app: life}", `bills: {app: "${APP}", page_size: "${SIZE:-25}", passes: "${PASSES}"}
    lookback: ${BACK:-3d}
    dates: {from: "${FROM}", to: "-${TO}d"}
    columns: {code: "${CODE}"}`)
	file := mustParse(t, text, map[string]string{"APP": "life", "PASSES": "3", "FROM": "-9d", "TO": "2", "CODE": "keep"}, nil)
	job := mustJob(t, file, "nightly")
	if job.Bills != (Bills{"life", 25, 3}) || job.Lookback != 3 || job.Dates != (Dates{Date{ago: 9}, Date{ago: 2}}) || job.Columns.Code != Keep {
		t.Errorf("job = %+v", job)
	}
}
