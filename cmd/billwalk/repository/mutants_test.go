package repository

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"billwalk/cmd/billwalk/billwalktest"
)

// moduleRoot is where the paths of mutants begin.
const moduleRoot = "../../.."

// mutant is a seeded bug. The tests that have to find it are built with a changed copy
// of one product file, by the -overlay flag of the go command.
type mutant struct {
	rule     string // what is wrong
	file     string // below the module's root
	old, new string // text of the file; old occurs once
	packages string
	killer   string // the test that finds it, as the -run flag; a month is named by its lookback and its seed
	symptom  string // a pattern that the output of the killer matches

	simulated bool // the simulation finds it, too
}

// ruleMutants each break one rule about the verdicts of many nights.
var ruleMutants = []mutant{
	{
		rule: "a SUCCESS is the last word, though the order does not agree", file: "pipeline/settle/policy.go",
		old: "case p.confirms && last.Outcome > evidence.Unfinished, o.agrees", new: "case last.Outcome == evidence.Settled, p.confirms && last.Outcome > evidence.Unfinished, o.agrees",
		packages: "./cmd/billwalk/months", killer: "^TestMonth$/^7d$/^5$",
		simulated: true,
	},
	{
		rule: "a run of given days asks for no order that was answered", file: "pipeline/settle/policy.go",
		old: "case last.Outcome == evidence.NoAnswer || o.contradicted:\n\t\treturn true", new: "case last.Outcome == evidence.NoAnswer || o.contradicted:\n\t\treturn true\n\tcase p.Backfill:\n\t\treturn false",
		packages: "./pipeline", killer: "^TestFinality$",
	},
	{
		rule: "an order that agrees is never asked for again", file: "pipeline/settle/policy.go",
		old: "Value: o.key})\n", new: "Value: o.key}) && false\n",
		packages: "./pipeline", killer: "^TestSecondShareOut$",
	},
	{
		rule: "an order that agrees is asked for every night", file: "pipeline/settle/policy.go",
		old: "o.agrees && (p.resumes(last) || !p.sampled(o)):", new: "o.agrees && p.resumes(last):",
		packages: "./cmd/billwalk/months", killer: "^TestCalls$/^realistic$",
	},
	{
		rule: "callbacks save no query", file: "pipeline/settle/policy.go",
		old: "!p.finalCheck() && !evidence.Sampled(", new: "!p.finalCheck() && evidence.Sampled(",
		packages: "./cmd/billwalk/months", killer: "^TestCalls$/^realistic,_with_callbacks$",
	},
	{
		rule: "the last look asks for no order that agrees, though the job says so", file: "pipeline/settle/policy.go",
		old: "return p.FinalCheck && p.lastLook() }", new: "return p.FinalCheck && !p.lastLook() }",
		packages: "./pipeline", killer: "^TestSecondShareOut$",
	},
	{
		rule: "a rule is silenced before another one has answered", file: "pipeline/settle/rules.go",
		old: "case before[i] || !proven ||", new: "case before[i] || !proven && false ||",
		packages: "./pipeline", killer: "^TestMoneyTwoNightsLate$",
	},
	{
		rule: "a rule that has answered for the account is silenced", file: "schema/ruleuse.go",
		old: "u.Answered == 0 && u.Asked >= after", new: "u.Asked >= after",
		packages: "./cmd/billwalk/months", killer: "^TestMonth$/^7d$/^5$",
	},
	{
		rule: "a run of given days leaves silenced rules out", file: "pipeline/settle/rules.go",
		old: "everyRule := p.Backfill || p.lastLook()", new: "everyRule := p.lastLook()",
		packages: "./pipeline", killer: "^TestSilentRuleAsked$/given",
	},
	{
		rule: "the last look leaves silenced rules out", file: "pipeline/settle/rules.go",
		old: "everyRule := p.Backfill || p.lastLook()", new: "everyRule := p.Backfill",
		packages: "./pipeline", killer: "^TestSilentRuleAsked$/last",
	},
	{
		rule: "an order that was not asked by every rule is bill_only", file: "pipeline/reconcile/judge.go",
		old: "case !own.any && !o.Answered:", new: "case false && !o.Answered:",
		packages: "./cmd/billwalk/months", killer: "^TestMonth$/^7d$/^5$",
	},
	{
		rule: "restatements compare with units that were whole the night before, alone", file: "pipeline/build/restate.go",
		old: "was != nil && otherBills(was.Certificate, e.Certificate)", new: "was != nil && was.State != schema.Failed && otherBills(was.Certificate, e.Certificate)",
		packages: "./cmd/billwalk/months", killer: "^TestMonth$/^7d$/^5$",
		simulated: true,
	},
	{
		rule: "a bill that moved away is restated as removed", file: "pipeline/build/moved.go",
		old: "pair.after = now[pair.before.Key()]\n", new: "_ = now\n",
		packages: "./cmd/billwalk/months", killer: "^TestMonth$/^7d$/^5$",
		simulated: true,
	},
	{
		rule: "a bill that moved here is restated as added", file: "pipeline/build/moved.go",
		old: "case pair.before == nil && before[pair.after.Key()] != nil:", new: "case pair.before == nil && before == nil:",
		packages: "./cmd/billwalk/months", killer: "^TestMonth$/^7d$/^5$",
	},
	{
		rule: "a settlement vanishes with its order's last bill", file: "pipeline/build/removed.go",
		old: "if len(lost) == 0 {", new: "if len(lost) >= 0 {",
		packages: "./cmd/billwalk/months", killer: "^TestMonth$/^7d$/^5$",
		simulated: true,
	},
	{
		rule: "a settlement that stands on another day counts again", file: "pipeline/evidence/elsewhere.go",
		old: "\tif !known || reached", new: "\tif known || !known || reached",
		packages: "./cmd/billwalk/months", killer: "^TestMonth$/^2d$/^1$",
	},
	{
		rule: "a settlement of orders with one id counts for each of them", file: "pipeline/evidence/elsewhere.go",
		old: "owners != nil && owner != order {", new: "owners == nil && owner != order {",
		packages: "./pipeline", killer: "^TestSharedTwoDays$",
	},
	{
		rule: "what a run has placed on one of its days is not known on the next", file: "pipeline/evidence/standing.go",
		old: "\t\t\ts.placed[one.id] = placed{int32(at.Day), int16(at.Bucket), one.succeeded}\n", new: "",
		packages: "./pipeline", killer: "^TestStanding$/^in_one_run$",
	},
	{
		rule: "a settlement that counts beyond a day's window is taken for one of the window", file: "pipeline/evidence/elsewhere.go",
		old: "\t\t\treturn next, true\n", new: "\t\t\treturn next, false\n",
		packages: "./pipeline", killer: "^TestStandingOfAChain$",
	},
	{
		rule: "a later day is published before an earlier one of the same order", file: "pipeline/take.go",
		old: "(t.joined[other] || !t.goesFirst(other, day))", new: "(t.joined[other] || !t.goesFirst(day, other))",
		packages: "./pipeline", killer: "^TestStanding$/^in_one_run$",
	},
	{
		rule: "a group whose money counts on an earlier day is bill_only", file: "pipeline/reconcile/judge.go",
		old: "case !own.any && o.SettledElsewhere:", new: "case false && o.SettledElsewhere:",
		packages: "./pipeline", killer: "^TestStanding$/^night_by_night$",
	},
	{
		rule: "what may have been shared out twice is billed in part", file: "pipeline/reconcile/judge.go",
		old: "open.succeeded == 1 &&", new: "",
		packages: "./pipeline/reconcile", killer: "^TestCases$",
	},
	{
		rule: "a match does not say what takes its difference back", file: "pipeline/reconcile/offset.go",
		old: "return reasons[:min(maxOffsets, len(reasons))], nil", new: "return nil, nil",
		packages: "./pipeline/reconcile", killer: "^TestCases$",
	},
	{
		rule: "a FAIL beside a new try is failed", file: "pipeline/reconcile/judge.go",
		old: "case open.inFlight:", new: "case open.inFlight && !own.failed:",
		packages: "./cmd/billwalk/months", killer: "^TestMonth$/^7d$/^5$",
	},
}

// apply returns the mutant's file as it is changed.
func (m *mutant) apply() ([]byte, error) {
	source, err := os.ReadFile(filepath.Join(moduleRoot, filepath.FromSlash(m.file)))
	if err != nil {
		return nil, err
	}
	if n := bytes.Count(source, []byte(m.old)); n != 1 {
		return nil, fmt.Errorf("%s has %d times %q, want it once: the mutant must follow the code", m.file, n, m.old)
	}
	return bytes.Replace(source, []byte(m.old), []byte(m.new), 1), nil
}

// overlay writes the changed file and an overlay file that names it.
func (m *mutant) overlay(t *testing.T) (path string) {
	t.Helper()
	changed, err := m.apply()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	original, err := filepath.Abs(filepath.Join(moduleRoot, filepath.FromSlash(m.file)))
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(folder, filepath.Base(m.file))
	list, err := json.Marshal(map[string]map[string]string{"Replace": {original: copied}})
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(folder, "overlay.json")
	for name, data := range map[string][]byte{copied: changed, path: list} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// TestRuleMutantsApply: the code that each mutant changes is still there.
func TestRuleMutantsApply(t *testing.T) {
	t.Parallel()
	for _, m := range slices.Concat(ruleMutants, simulationMutants) {
		if _, err := m.apply(); err != nil {
			t.Errorf("%s: %v", m.rule, err)
		}
	}
}

// TestRuleMutants tests the tests: with each bug in the program, the test that has to
// find it fails, and says so; without any, it passes. The simulation finds its own
// within 200 seeds.
func TestRuleMutants(t *testing.T) {
	if !billwalktest.Often(false, true) {
		t.Skip("it builds the program anew for each bug, and tests the tests alone: with " + billwalktest.DeepVariable + "=1")
	}
	killers := map[[2]string]bool{}
	for _, m := range slices.Concat(ruleMutants, simulationMutants) {
		t.Run(m.rule, func(t *testing.T) {
			killers[[2]string{m.packages, m.killer}] = true
			overlay := "-overlay=" + m.overlay(t)
			m.mustDie(t, m.packages, m.killer, overlay)
			if m.simulated {
				m.mustDie(t, "./cmd/billwalk/simulation", "^TestSimulation$", overlay)
			}
		})
	}
	for k := range killers {
		if out, err := goTest(t, k[0], k[1]); err != nil || !strings.Contains(out, "--- PASS: Test") {
			t.Errorf("without a mutant: %v\n%s", err, out)
		}
	}
}

// mustDie checks that the tests are built and fail, with the symptom of the bug.
func (m *mutant) mustDie(t *testing.T, packages, killer, overlay string) {
	t.Helper()
	out, err := goTest(t, packages, killer, overlay)
	failed := regexp.MustCompile(`(?m)^ *--- FAIL: (\S+)`).FindAllStringSubmatch(out, -1)
	if err == nil || len(failed) == 0 {
		t.Fatalf("%s does not find it: %v\n%s", killer, err, out)
	}
	if !regexp.MustCompile(m.symptom).MatchString(out) {
		t.Errorf("%s fails for another reason, want %s:\n%s", killer, m.symptom, out)
	}
	t.Logf("killed by %s", failed[len(failed)-1][1])
}

// goTest runs tests of some packages in a build of their own.
func goTest(t *testing.T, packages, run string, flags ...string) (string, error) {
	t.Helper()
	args := append([]string{"test", "-count=1", "-vet=off", "-failfast", "-v", "-run", run}, flags...)
	cmd := exec.CommandContext(t.Context(), "go", append(args, packages)...)
	cmd.Dir, cmd.Env = moduleRoot, append(os.Environ(), billwalktest.DeepVariable+"=", "BILLWALK_SEED=", "BILLWALK_SEEDS=200")
	out, err := cmd.CombinedOutput()
	return string(out), err
}
