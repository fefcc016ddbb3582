package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestHeapIsFirst: the collector is told to rest before the packages that make most garbage are
// initialised.
func TestHeapIsFirst(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	said, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	at := func(name string) int { return strings.Index(string(said), "\ninit "+name+" ") }
	heap := at("billwalk/cmd/billwalk/heap")
	if heap < 0 {
		t.Fatalf("heap is not initialised:\n%s", said)
	}
	for _, large := range []string{"github.com/xuri/excelize/v2", "github.com/apache/arrow-go/v18/arrow/compute", "github.com/aws/aws-sdk-go-v2/service/sts/internal/endpoints", "billwalk/pipeline/jobs"} {
		if at(large) < heap {
			t.Errorf("%s is not initialised after heap", large)
		}
	}
}
