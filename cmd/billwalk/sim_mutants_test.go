package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"billwalk/schema/mutant"
)

// TestMutants tests the simulation: each seeded bug has to be found within 200
// seeds, and for what it does wrong. Without one, the same build has no fault.
func TestMutants(t *testing.T) {
	if !often(false, true) {
		t.Skip("it builds the program anew, and tests the tests alone: with " + deepVariable + "=1")
	}
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "mutants.test")
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-tags", "mutants", "-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	simulate := func(bug mutant.Bug, seeds string) (string, error) {
		cmd := exec.CommandContext(t.Context(), binary, "-test.run", "^TestSimulation$", "-seeds", seeds)
		cmd.Env = append(os.Environ(), mutant.Variable+"="+string(bug), "BILLWALK_SEED=", "BILLWALK_SEEDS=")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := simulate("none", "30"); err != nil {
		t.Fatalf("without a bug: %v\n%s", err, out)
	}
	found := regexp.MustCompile(`seed (\d+): (.*)`)
	for _, bug := range mutant.All {
		out, err := simulate(bug, "200")
		seed := found.FindStringSubmatch(out)
		switch {
		case err == nil || seed == nil:
			t.Errorf("%s is not found in 200 seeds: %v\n%s", bug, err, out)
		case !regexp.MustCompile(symptoms[bug]).MatchString(out):
			t.Errorf("%s is found for something else:\n%s", bug, out)
		default:
			t.Logf("%s: found by seed %s: %.150s", bug, seed[1], seed[2])
		}
	}
}

// TestNoMutants: the program as it is built for use has none of the bugs, not even
// their names.
func TestNoMutants(t *testing.T) {
	if !often(false, true) {
		t.Skip("it builds the program twice, and runs nothing of it: with " + deepVariable + "=1")
	}
	t.Parallel()
	for _, tags := range []string{"", "mutants"} {
		binary := filepath.Join(t.TempDir(), "billwalk")
		if out, err := exec.CommandContext(t.Context(), "go", "build", "-tags", tags, "-o", binary, ".").CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		program, err := os.ReadFile(binary)
		if err != nil {
			t.Fatal(err)
		}
		for _, bug := range mutant.All {
			if got, want := bytes.Contains(program, []byte(bug)), tags != ""; got != want {
				t.Errorf("with the tags %q the program has %s: %v", tags, bug, got)
			}
		}
	}
}

// symptoms are what the oracle says of the bugs.
var symptoms = map[mutant.Bug]string{
	mutant.CursorFirst:     `is not the one that follows|ends before its end`,
	mutant.BaseLate:        `goes back from the walk|was published, and is not any more`,
	mutant.OwnConflict:     `nobody was there first`,
	mutant.ManifestFirst:   `tells of \S+ with hash`,
	mutant.EmptyDay:        `was never served|units cannot be had`,
	mutant.ConflictDropped: `are not those of the certified walks`,
	mutant.SignFlipped:     `are not those of the certified walks`,
}
