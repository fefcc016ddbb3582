package scripts

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"
	"github.com/rogpeppe/go-internal/testscript"

	"billwalk/pipeline/douyin"
	"billwalk/pipeline/douyin/sandbox"
	"billwalk/schema"
)

// TestScripts tells the scripts of ../testdata. Besides
// testscript's own commands there are:
//
//	platform [flags]      start a sandbox: $PLATFORM is its URL, accounts.csv its accounts
//	platform stop         end it
//	calls N               it was called N times since it was asked last
//	exit CODE args...     run billwalk, which must end with the code
//	json FILE [PATH=WANT...]   FILE is one JSON value and nothing else, and has these values
//	jsonlines FILE        every line is a JSON object with time, level and msg; billwalk's last words aside
//	same FILE FILE        two files hold the same JSON value
//	files FOLDER [PATTERN...]  each pattern finds files there, and each file is found; the store's own aside
//	fits FILE LINES COLUMNS    it has no more lines on a terminal of so many columns
//	[duckdb]              there is a duckdb command; where one is required, there has to be
func TestScripts(t *testing.T) {
	t.Parallel()
	early := time.Until(ownDay)
	runScripts(t, "../testdata", ahead(early), clockAhead(early))
}

// runScripts tells the scripts of a folder, with a clock for their platforms, and an
// environment.
func runScripts(t *testing.T, folder string, now func() time.Time, environment ...string) {
	testscript.Run(t, testscript.Params{
		Dir:                 folder,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"platform": scriptPlatform, "calls": scriptCalls, "exit": scriptExit, "json": scriptJSON,
			"jsonlines": scriptLines, "same": scriptSame, "files": scriptFiles, "fits": scriptFits,
		},
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars, environment...)
			env.Values[platformKey{}] = &scripted{now: now}
			return nil
		},
		Condition: func(name string) (bool, error) {
			_, err := exec.LookPath("duckdb")
			if name != "duckdb" {
				return false, fmt.Errorf("unknown condition %q", name)
			}
			if os.Getenv("BILLWALK_REQUIRE_DUCKDB") != "" {
				return true, err
			}
			return err == nil, nil
		},
	})
}

type platformKey struct{}

// scripted is the sandbox of one script, while one is running.
type scripted struct {
	*sandbox.Platform
	stop  func()
	now   func() time.Time
	asked int // calls until they were asked for last
}

func (s *scripted) calls() int {
	if s.Platform == nil {
		return 0
	}
	n := 0
	for _, calls := range s.Stats().Calls {
		n += calls
	}
	return n
}

func scriptPlatform(ts *testscript.TestScript, _ bool, args []string) {
	s := ts.Value(platformKey{}).(*scripted)
	if len(args) == 1 && args[0] == "stop" {
		s.stop()
		return
	}
	config, faults, breaks := sandbox.Config{Bills: 60, Stall: 5 * time.Second, Now: s.now}, "", ""
	flags := flag.NewFlagSet("platform", flag.ContinueOnError)
	flags.Uint64Var(&config.Seed, "seed", 1, "")
	flags.IntVar(&config.Accounts, "accounts", 3, "")
	flags.BoolVar(&config.Healthy, "healthy", false, "")
	flags.DurationVar(&config.Latency, "latency", 0, "")
	flags.StringVar(&faults, "faults", "", "")
	flags.BoolVar(&config.Withdrawals, "withdrawals", false, "")
	flags.StringVar(&breaks, "breaks", "", "")
	ts.Check(flags.Parse(args))
	var err error
	config.Faults, err = sandbox.ParseFaults(faults)
	ts.Check(err)
	config.Breaks, err = sandbox.ParseBreaks(breaks)
	ts.Check(err)
	s.Platform = sandbox.New(config)
	server := httptest.NewServer(s.Platform)
	s.stop = server.Close
	ts.Defer(s.stop)
	ts.Setenv("PLATFORM", server.URL)
	list := "root_account_id,account_id,name\n"
	for _, a := range s.Accounts() {
		kind := "%s,,%q\n"
		if !a.Root {
			kind = ",%s,%q\n"
		}
		list += fmt.Sprintf(kind, a.ID, a.Name)
	}
	ts.Check(os.WriteFile(ts.MkAbs("accounts.csv"), []byte(list), 0o600))
}

func scriptCalls(ts *testscript.TestScript, neg bool, args []string) {
	s := ts.Value(platformKey{}).(*scripted)
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := s.calls() - s.asked
	s.asked += got
	if (got == want) == neg {
		ts.Fatalf("the platform was called %d times", got)
	}
}

func scriptFits(ts *testscript.TestScript, _ bool, args []string) {
	most, err := strconv.Atoi(args[1])
	ts.Check(err)
	columns, err := strconv.Atoi(args[2])
	ts.Check(err)
	lines := 0
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		lines += max(1, (runewidth.StringWidth(strings.TrimSuffix(line, "\n"))+columns-1)/columns)
	}
	if lines > most {
		ts.Fatalf("%s has %d lines of %d columns", args[0], lines, columns)
	}
}

func scriptExit(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec("billwalk", args[1:]...)
	code := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("billwalk %s: exit %d, want %s", strings.Join(args[1:], " "), code, args[0])
	}
	checkErrorCodes(ts, args)
}

var explained = regexp.MustCompile(`(?m)^billwalk: to know more: billwalk explain (\S+)$|\(code (\S+)\)`)

// checkErrorCodes checks that an error that was printed has a code that explain knows.
func checkErrorCodes(ts *testscript.TestScript, args []string) {
	printed := ts.ReadFile("stderr")
	found := explained.FindAllStringSubmatch(printed+ts.ReadFile("stdout"), -1)
	if strings.HasPrefix(printed, "billwalk: ") || strings.Contains(printed, "\nbillwalk: ") {
		if !strings.Contains(printed, "\nbillwalk: to know more: billwalk explain ") {
			ts.Fatalf("billwalk %s: its error has no code:\n%s", strings.Join(args[1:], " "), printed)
		}
	}
	for _, code := range found {
		if !knownCode(code[1] + code[2]) {
			ts.Fatalf("billwalk %s: explain does not know the code %s", strings.Join(args[1:], " "), code[1]+code[2])
		}
	}
}

func knownCode(code string) bool {
	for _, e := range schema.ErrorCodes {
		if string(e.Code) == code {
			return true
		}
	}
	return slices.ContainsFunc(douyin.Explanations(), func(e douyin.Explanation) bool { return strconv.FormatInt(e.Code, 10) == code })
}

func scriptJSON(ts *testscript.TestScript, neg bool, args []string) {
	value := oneJSON(ts, args[0])
	for _, condition := range args[1:] {
		path, want, _ := strings.Cut(condition, "=")
		here := value
		for step := range strings.SplitSeq(path, ".") {
			if list, ok := here.([]any); ok && step == "count" {
				here = json.Number(strconv.Itoa(len(list)))
				continue
			}
			object, _ := here.(map[string]any)
			here = object[step]
		}
		if (fmt.Sprint(here) == want) == neg {
			ts.Fatalf("%s: %s is %v", args[0], path, here)
		}
	}
}

// oneJSON reads a file that is one JSON value and nothing else. The file may be
// the only one that a pattern finds.
func oneJSON(ts *testscript.TestScript, file string) (value any) {
	if strings.Contains(file, "*") {
		paths, err := filepath.Glob(ts.MkAbs(file))
		ts.Check(err)
		if len(paths) != 1 {
			ts.Fatalf("%s finds %d files, want 1", file, len(paths))
		}
		file = paths[0]
	}
	decoder := json.NewDecoder(strings.NewReader(ts.ReadFile(file)))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		ts.Fatalf("%s: %v", file, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		ts.Fatalf("%s: something follows the JSON value", file)
	}
	return value
}

func scriptSame(ts *testscript.TestScript, neg bool, args []string) {
	if reflect.DeepEqual(oneJSON(ts, args[0]), oneJSON(ts, args[1])) == neg {
		ts.Fatalf("%s and %s: compared as JSON, the same: %t", args[0], args[1], neg)
	}
}

func scriptLines(ts *testscript.TestScript, _ bool, args []string) {
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		if strings.HasPrefix(line, "billwalk: ") {
			continue
		}
		var entry struct{ Time, Level, Msg string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Time == "" || entry.Level == "" || entry.Msg == "" {
			ts.Fatalf("%s: no line of log: %s", args[0], line)
		}
	}
}

func scriptFiles(ts *testscript.TestScript, _ bool, args []string) {
	found := make(map[string]bool)
	for _, pattern := range args[1:] {
		paths, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), pattern))
		ts.Check(err)
		if len(paths) == 0 {
			ts.Fatalf("there is no %s/%s", args[0], pattern)
		}
		for _, path := range paths {
			found[path] = true
		}
	}
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, entry os.DirEntry, err error) error {
		if entry.Name() == ".billwalk" {
			return filepath.SkipDir
		}
		if err == nil && !entry.IsDir() && !found[path] {
			ts.Fatalf("what is %s?", path)
		}
		return err
	}))
}
