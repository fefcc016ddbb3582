package repository

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
)

// Accounts of the overlays that the tests write.
const ownAccounts = "root_account_id,account_id,name\n7000000000000000001,,测试账户\n"

// overlayFolder returns a folder with the files that the documentation has its reader write, beside a copy of deploy/.
func overlayFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.CopyFS(filepath.Join(folder, "deploy"), os.DirFS(deployFolder)); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("jobs.yaml", string(readDeployed(t, "jobs.yaml")))
	write("accounts.csv", ownAccounts)
	return folder
}

// remoteBase is how the documentation names deploy/.
var remoteBase = regexp.MustCompile(`https://github\.com/OWNER/billwalk//(deploy\S*)\?ref=v1\.0\.0`)

// documentedOverlays are the kustomizations and the patches of the page on Kubernetes, by what they are about.
func documentedOverlays(t *testing.T) (nightly, receiver, patches, backfill string) {
	t.Helper()
	page := billwalktest.ReadDocument(t, filepath.Join(moduleRoot, "cmd/billwalk/docs/kubernetes.md")).Text
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(page, -1) {
		switch text := remoteBase.ReplaceAllString(block[1], "./$1"); {
		case strings.Contains(text, "deploy/backfill"):
			backfill = text
		case strings.Contains(text, "resources:"):
			nightly = text
		case strings.HasPrefix(text, "components:"):
			receiver = text
		default:
			patches += text
		}
	}
	if nightly == "" || receiver == "" || patches == "" || backfill == "" {
		t.Fatal("the page on Kubernetes does not have an overlay, the receiver, patches, and a backfill")
	}
	return nightly, receiver, patches, backfill
}

// Kinds of what is rendered, in their order.
var (
	baseKinds     = []string{"ConfigMap", "CronJob", "NetworkPolicy", "ServiceAccount"}
	receiverKinds = []string{"ConfigMap", "CronJob", "Deployment", "NetworkPolicy", "PodDisruptionBudget", "Service", "ServiceAccount"}
)

// TestDeployRenders checks what would be applied: the base, the overlays that the documentation shows, with deploy/ in the
// place of its address, and a backfill. The API server's rules accept each, and no example value is in any.
func TestDeployRenders(t *testing.T) {
	t.Parallel()
	folder := overlayFolder(t)
	nightly, receiver, patches, backfill := documentedOverlays(t)
	server := buildServer(t)
	t.Run("the API server's rules", func(t *testing.T) { checkServer(t, server) })
	cases := []struct {
		name, kustomization string
		kinds               []string
	}{
		{"the base alone", "resources: [./deploy]\n", baseKinds},
		{"the night", nightly, baseKinds},
		{"with the receiver", nightly + receiver, receiverKinds},
		{"with patches", nightly + receiver + patches, receiverKinds},
		{"a backfill", backfill, []string{"Job"}},
		{"a backfill without days", "resources: [./deploy/backfill]\n", []string{"Job"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if err := os.WriteFile(filepath.Join(folder, "kustomization.yaml"), []byte(c.kustomization), 0o600); err != nil {
				t.Fatal(err)
			}
			rendered := render(t, folder)
			objects := readObjects(t, rendered)
			if kinds := slices.Sorted(maps.Keys(objects)); !slices.Equal(kinds, c.kinds) {
				t.Errorf("renders %q, want %q", kinds, c.kinds)
			}
			checkRuns(t, objects)
			if _, ok := objects["Deployment"]; ok {
				checkReceiverObjects(t, objects)
			}
			checkExampleValues(t, rendered)
			checkConfig(t, objects, c.kustomization)
			checkByServer(t, server, rendered)
		})
	}
}

// exampleValues are what stands for the reader's own values in the repository's examples.
var exampleValues = regexp.MustCompile(`7113893944009705516|7047437174853240835|某某餐饮|catering-lake|from-the-console|from-your-store|BUCKET/PREFIX|callbacks\.example\.com`)

func checkExampleValues(t *testing.T, rendered []byte) {
	t.Helper()
	for line := range bytes.Lines(rendered) {
		comment := bytes.IndexByte(line, '#')
		if comment < 0 {
			comment = len(line)
		}
		if found := exampleValues.Find(line[:comment]); found != nil {
			t.Errorf("an example value would be applied: %s", line)
		}
	}
}

// checkConfig wants the ConfigMap that the pods mount, and in an overlay the reader's own files in it and nothing else; and
// the reader's namespace and image.
func checkConfig(t *testing.T, objects map[string]resource, kustomization string) {
	t.Helper()
	replaced := strings.Contains(kustomization, "behavior: replace")
	if config, ok := objects["ConfigMap"]; ok {
		want := map[string]any{"jobs.yaml": string(readDeployed(t, "jobs.yaml"))}
		if replaced {
			want["accounts.csv"] = ownAccounts
		}
		if diff := cmp.Diff(want, config["data"]); diff != "" {
			t.Errorf("the ConfigMap (-want +got):\n%s", diff)
		}
		if name := config.at("metadata.name"); name != "billwalk-jobs" {
			t.Errorf("the ConfigMap is %v, which no pod mounts", name)
		}
	}
	image := "billwalk"
	if strings.Contains(kustomization, "images:") {
		image = "registry.example.com/billwalk:v1.0.0"
	}
	for _, path := range []string{"spec.jobTemplate.spec.template.spec.containers.0.image", "spec.template.spec.containers.0.image"} {
		for kind, o := range objects {
			if got := o.at(path); got != nil && got != image {
				t.Errorf("the %s has the image %v, want %s", kind, got, image)
			}
		}
	}
	for kind, o := range objects {
		if namespace := fmt.Sprint(o.at("metadata.namespace")); namespace == "billwalk" != strings.Contains(kustomization, "namespace: billwalk") {
			t.Errorf("the %s is in the namespace %s: that is for the overlay to say", kind, namespace)
		}
	}
}

// checkByServer has the rules of the API server judge what is rendered.
func checkByServer(t *testing.T, server string, rendered []byte) {
	t.Helper()
	command := exec.CommandContext(t.Context(), server)
	command.Stdin = bytes.NewReader(rendered)
	if output, err := command.CombinedOutput(); err != nil {
		t.Errorf("the API server would refuse it: %v\n%s", err, output)
	}
}

// buildServer builds the module apiserver; the go command caches all but the linking.
func buildServer(t *testing.T) (binary string) {
	t.Helper()
	binary = filepath.Join(t.TempDir(), "apiserver")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", binary, ".")
	build.Dir = "apiserver"
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build cmd/billwalk/repository/apiserver: %v\n%s\nIts modules have to be downloaded once: check the network and GOPROXY.", err, output)
	}
	return binary
}

// checkServer: the API server's rules accept what the reader copies, and refuse what is wrong.
func checkServer(t *testing.T, server string) {
	for _, name := range []string{"secret.example.yaml", "receiver/ingress.example.yaml"} {
		checkByServer(t, server, readDeployed(t, name))
	}
	job := string(readDeployed(t, "backfill/job.yaml"))
	for _, wrong := range []struct{ from, to, want string }{
		{"runAsUser", "runAsuser", "unknown field"},
		{"completionMode: Indexed", "suspend: false", "requires indexed completion mode"},
		{"cpu: 500m", "cpu: half", "quantities must match"},
	} {
		command := exec.CommandContext(t.Context(), server)
		command.Stdin = strings.NewReader(strings.Replace(job, wrong.from, wrong.to, 1))
		if output, err := command.CombinedOutput(); err == nil || !strings.Contains(string(output), wrong.want) {
			t.Errorf("%s for %s: %v, %s; want a refusal with %q", wrong.to, wrong.from, err, output, wrong.want)
		}
	}
}

func render(t *testing.T, folder string) []byte {
	t.Helper()
	for _, command := range [][]string{{"kubectl", "kustomize", folder}, {"kustomize", "build", folder}} {
		if _, err := exec.LookPath(command[0]); err != nil {
			continue
		}
		var complaints strings.Builder
		run := exec.CommandContext(t.Context(), command[0], command[1:]...)
		run.Stderr = &complaints
		output, err := run.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, &complaints)
		}
		return output
	}
	if os.Getenv("BILLWALK_REQUIRE_KUBECTL") != "" {
		t.Fatal("neither kubectl nor kustomize is on the PATH, and BILLWALK_REQUIRE_KUBECTL is set")
	}
	t.Skip("neither kubectl nor kustomize is on the PATH: deploy/ is not rendered")
	return nil
}
