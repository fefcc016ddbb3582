package object_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"billwalk/sinks/object"
)

// writerFolder, set in the environment, makes the test binary a writer.
const writerFolder = "BILLWALK_TEST_WRITER_FOLDER"

// countedContent is the content of one count: large enough to be cut, and recognisable if it
// was.
func countedContent(count int) []byte {
	return append(bytes.Repeat([]byte("x"), 50_000), strconv.Itoa(count)...)
}

// writeUntilKilled counts up in one object by compare-and-swap, concurrently with other such
// processes, and prints each of its counts once it is stored.
func writeUntilKilled(folder string) {
	ctx := context.Background()
	store, err := object.Open(ctx, "file:"+folder, object.S3Options{})
	for err == nil {
		var count int
		var info object.Info
		count, info, err = readCount(ctx, store)
		if err != nil {
			break
		}
		_, err = store.Put(ctx, "t/count", bytes.NewReader(countedContent(count+1)), object.IfMatch(info.ETag),
			map[string]string{"count": strconv.Itoa(count + 1)})
		if err == nil {
			fmt.Println(count + 1)
		} else if errors.Is(err, object.ErrConflict) {
			err = nil
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// readCount returns the count, and checks that the object is complete and that its metadata
// and ETag are of the same content.
func readCount(ctx context.Context, store object.Store) (int, object.Info, error) {
	body, info, err := store.Get(ctx, "t/count")
	if err != nil {
		return 0, info, err
	}
	defer body.Close()
	content, err := io.ReadAll(body)
	if err != nil {
		return 0, info, err
	}
	count, err := strconv.Atoi(strings.Trim(string(content), "x"))
	sum := sha256.Sum256(content)
	if err != nil || !bytes.Equal(content, countedContent(count)) ||
		info.Meta["count"] != strconv.Itoa(count) || info.ETag != hex.EncodeToString(sum[:]) {
		return 0, info, fmt.Errorf("torn object: %d bytes ending in %q with %+v (%v)", len(content), content[max(0, len(content)-9):], info, err)
	}
	return count, info, nil
}

// TestDirProcesses lets several processes count in one folder and kills them one after the
// other: no count is used twice, none that was printed is lost, and what is left is complete
// and can be continued.
func TestDirProcesses(t *testing.T) {
	t.Parallel()
	const processes, kills = 3, 12
	folder := t.TempDir()
	store := open(t, "file:"+folder, object.S3Options{})
	_, err := store.Put(t.Context(), "t/count", bytes.NewReader(countedContent(0)), object.IfAbsent(), map[string]string{"count": "0"})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	highest := 0
	for kill := range kills {
		var writers [processes]*writer
		for i := range writers {
			writers[i] = startWriter(t, folder)
		}
		for i, w := range writers {
			for _, count := range w.readAndKill(t, 1+(kill*7+i*3)%11) {
				if seen[count] {
					t.Errorf("%d was counted twice", count)
				}
				seen[count], highest = true, max(highest, count)
			}
		}
		count, _, err := readCount(t.Context(), store)
		if err != nil {
			t.Fatal(err)
		}
		if count < highest {
			t.Fatalf("the object has count %d, but count %d was printed as stored", count, highest)
		}
	}
	if _, err := store.Put(t.Context(), "t/count", bytes.NewReader(countedContent(0)), object.Always(), nil); err != nil {
		t.Errorf("a write after the kills: %v", err)
	}
}

type writer struct {
	process *exec.Cmd
	stdout  *bufio.Scanner
}

func startWriter(t *testing.T, folder string) *writer {
	t.Helper()
	process := exec.CommandContext(t.Context(), os.Args[0])
	process.Env = append(os.Environ(), writerFolder+"="+folder)
	process.Stderr = t.Output()
	stdout, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	return &writer{process, bufio.NewScanner(stdout)}
}

// readAndKill kills the writer once it has printed n counts, and returns all that it
// printed.
func (w *writer) readAndKill(t *testing.T, n int) (counts []int) {
	t.Helper()
	for w.stdout.Scan() {
		count, err := strconv.Atoi(w.stdout.Text())
		if err != nil {
			t.Fatal(err)
		}
		counts = append(counts, count)
		if len(counts) == n {
			if err := w.process.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = w.process.Wait() // killed
	if len(counts) < n {
		t.Fatalf("the writer ended by itself after %d counts", len(counts))
	}
	return counts
}
