package repository

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/cli"
	"billwalk/pipeline"
	"billwalk/pipeline/jobs"
)

const deployFolder = "../../../deploy"

// resource is a Kubernetes object, decoded without knowing its kind.
type resource map[string]any

// at returns what stands at a path such as "spec.containers.0.image", or nil.
func (o resource) at(path string) any {
	var here any = map[string]any(o)
	for step := range strings.SplitSeq(path, ".") {
		switch inner := here.(type) {
		case map[string]any:
			here = inner[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(inner) {
				return nil
			}
			here = inner[i]
		default:
			return nil
		}
	}
	return here
}

func readObjects(t *testing.T, data []byte) map[string]resource {
	t.Helper()
	objects := make(map[string]resource)
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for {
		var o map[string]any
		if err := loader.Load(&o); errors.Is(err, io.EOF) {
			return objects
		} else if err != nil {
			t.Fatal(err)
		}
		objects[fmt.Sprint(o["kind"])] = o
	}
}

func readDeployed(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(deployFolder, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// plainFiles are the objects as their files have them, before kustomize.
func plainFiles(t *testing.T) map[string]resource {
	t.Helper()
	objects := make(map[string]resource)
	for _, name := range []string{"nightly.yaml", "backfill/job.yaml", "receiver/receiver.yaml", "secret.example.yaml"} {
		maps.Copy(objects, readObjects(t, readDeployed(t, name)))
	}
	return objects
}

// What every Job of ours must say, below the Job's or the CronJob's own path.
var jobMust = map[string]any{
	"template.spec.serviceAccountName":                "billwalk",
	"template.spec.restartPolicy":                     "Never",
	"podFailurePolicy.rules.0.action":                 "Ignore",
	"podFailurePolicy.rules.0.onPodConditions.0.type": "DisruptionTarget",
	"template.spec.terminationGracePeriodSeconds":     60,
	"template.spec.automountServiceAccountToken":      false,
	"template.spec.securityContext.runAsNonRoot":      true,
	"template.spec.securityContext.runAsUser":         65532,

	"template.spec.securityContext.seccompProfile.type":                   "RuntimeDefault",
	"template.spec.containers.0.name":                                     "billwalk",
	"template.spec.containers.0.envFrom":                                  []any{map[string]any{"secretRef": map[string]any{"name": "billwalk"}}},
	"template.spec.containers.0.terminationMessagePolicy":                 "FallbackToLogsOnError",
	"template.spec.containers.0.resources.limits.memory":                  "512Mi",
	"template.spec.containers.0.resources.requests.ephemeral-storage":     "4Gi",
	"template.spec.containers.0.securityContext.allowPrivilegeEscalation": false,
	"template.spec.containers.0.securityContext.readOnlyRootFilesystem":   true,
	"template.spec.containers.0.securityContext.capabilities":             map[string]any{"drop": []any{"ALL"}},
	"template.spec.containers.0.volumeMounts.1":                           map[string]any{"name": "tmp", "mountPath": "/tmp"},
	"template.spec.volumes.0.configMap.name":                              "billwalk-jobs",
	"template.spec.volumes.1":                                             map[string]any{"name": "tmp", "emptyDir": map[string]any{"sizeLimit": "4Gi"}},
}

var cronJobMust = map[string]any{
	"spec.timeZone":                "Asia/Shanghai",
	"spec.schedule":                "30 13 * * *",
	"spec.concurrencyPolicy":       "Forbid",
	"spec.startingDeadlineSeconds": 21600,
}

// byExitCode returns what a Job does about the exit codes of its pod.
func byExitCode(t *testing.T, job resource, under string) map[int]string {
	t.Helper()
	rules, _ := job.at(under + "podFailurePolicy.rules").([]any)
	actions := make(map[int]string)
	for _, rule := range rules {
		rule := resource(rule.(map[string]any))
		codes, _ := rule.at("onExitCodes.values").([]any)
		for _, code := range codes {
			if operator := rule.at("onExitCodes.operator"); operator != "In" {
				t.Errorf("the rule for %v is %v", codes, operator)
			}
			actions[code.(int)] = rule.at("action").(string)
		}
	}
	return actions
}

// checkRuns checks the CronJob and the Job, where they are there.
func checkRuns(t *testing.T, objects map[string]resource) {
	t.Helper()
	if cron, ok := objects["CronJob"]; ok {
		checkPaths(t, cron, "", cronJobMust)
		checkPaths(t, cron, "spec.jobTemplate.spec.", jobMust)
		checkPaths(t, cron, "spec.jobTemplate.spec.", map[string]any{"completions": 1, "parallelism": 1})
		want := map[int]string{
			billwalktest.ExitUsage: "FailJob", pipeline.ExitIncomplete: "FailJob", pipeline.ExitDifferences: "FailJob",
			pipeline.ExitFailed: "Count", pipeline.ExitStopped: "Count", pipeline.ExitSuperseded: "Count",
		}
		if diff := cmp.Diff(want, byExitCode(t, cron, "spec.jobTemplate.spec.")); diff != "" {
			t.Errorf("the CronJob by exit code (-want +got):\n%s", diff)
		}
	}
	if job, ok := objects["Job"]; ok {
		checkPaths(t, job, "spec.", jobMust)
		checkPaths(t, job, "spec.", map[string]any{"completionMode": "Indexed", "backoffLimitPerIndex": 2, "parallelism": job.at("spec.completions")})
		if shards := variable(job, "BACKFILL_SHARDS"); shards != fmt.Sprint(job.at("spec.completions")) {
			t.Errorf("%v pods are started, and each takes one of %s shards", job.at("spec.completions"), shards)
		}
		want := map[int]string{
			billwalktest.ExitUsage: "FailJob", pipeline.ExitIncomplete: "FailIndex", pipeline.ExitDifferences: "FailIndex",
			pipeline.ExitFailed: "Count", pipeline.ExitStopped: "Count", pipeline.ExitSuperseded: "Count",
		}
		if diff := cmp.Diff(want, byExitCode(t, job, "spec.")); diff != "" {
			t.Errorf("the backfill by exit code (-want +got):\n%s", diff)
		}
	}
}

// variable returns the value of an environment variable of a Job's container.
func variable(job resource, name string) string {
	env, _ := job.at("spec.template.spec.containers.0.env").([]any)
	for _, v := range env {
		if v := resource(v.(map[string]any)); v.at("name") == name {
			return fmt.Sprint(v.at("value"))
		}
	}
	return ""
}

func checkPaths(t *testing.T, o resource, under string, must map[string]any) {
	t.Helper()
	for path, want := range must {
		if diff := cmp.Diff(want, o.at(under+path)); diff != "" {
			t.Errorf("%v %s (-want +got):\n%s", o["kind"], under+path, diff)
		}
	}
}

func TestDeployFiles(t *testing.T) {
	t.Parallel()
	objects := plainFiles(t)
	checkRuns(t, objects)
	checkReceiverObjects(t, objects)
	for kind, pod := range map[string]string{"CronJob": "spec.jobTemplate.spec.template.spec.", "Job": "spec.template.spec.", "Deployment": "spec.template.spec."} {
		checkPaths(t, objects[kind], pod, map[string]any{
			"containers.0.image": "billwalk",
			"containers.0.env.0": map[string]any{"name": "GOMEMLIMIT", "value": "400MiB"},
		})
	}
	nightly, backfill := objects["CronJob"].at("spec.jobTemplate.spec.template.spec"), objects["Job"].at("spec.template.spec")
	arguments := cmp.FilterPath(func(p cmp.Path) bool { last := p.Last().String(); return last == `["args"]` || last == `["env"]` }, cmp.Ignore())
	if diff := cmp.Diff(nightly, backfill, arguments); diff != "" {
		t.Errorf("the nightly pod and the backfill's differ in more than their arguments and variables (-nightly +backfill):\n%s", diff)
	}
}

// TestDeployTimes holds that a run's tries fit into its deadline, and its
// deadline into the time until the next start, however late it began.
func TestDeployTimes(t *testing.T) {
	t.Parallel()
	cron := plainFiles(t)["CronJob"]
	seconds := func(path string) time.Duration { return time.Duration(cron.at(path).(int)) * time.Second }
	late, deadline := seconds("spec.startingDeadlineSeconds"), seconds("spec.jobTemplate.spec.activeDeadlineSeconds")
	if late+deadline >= 24*time.Hour {
		t.Errorf("a run that begins %s late may last %s: into the next one", late, deadline)
	}
	args := arguments(t, cron, "spec.jobTemplate.spec.template.spec.containers.0.args")
	try, err := time.ParseDuration(args[slices.Index(args, "--deadline")+1])
	if err != nil {
		t.Fatal(err)
	}
	if patience := args[slices.Index(args, "--quota-patience")+1]; patience != args[slices.Index(args, "--deadline")+1] {
		t.Errorf("a try waits %s for the quota, want its whole time: it would be over in seconds, and so would the others", patience)
	}
	if tries := time.Duration(cron.at("spec.jobTemplate.spec.backoffLimit").(int) + 1); tries*try > deadline {
		t.Errorf("%d tries of %s do not fit into %s", tries, try, deadline)
	}
}

// TestDeployArguments has the program itself read the containers' arguments.
func TestDeployArguments(t *testing.T) {
	t.Parallel()
	objects := plainFiles(t)
	for _, args := range [][]string{
		arguments(t, objects["CronJob"], "spec.jobTemplate.spec.template.spec.containers.0.args"),
		arguments(t, objects["Job"], "spec.template.spec.containers.0.args"),
		arguments(t, objects["Deployment"], "spec.template.spec.containers.0.args"),
	} {
		for i := range args { // as the kubelet does, in the third of four pods
			args[i] = strings.NewReplacer("$(JOB_COMPLETION_INDEX)", "2", "$(BACKFILL_SHARDS)", "4").Replace(args[i])
		}
		verb, rest, err := cli.Command().Find(args)
		if err != nil {
			t.Errorf("%q: %v", args, err)
			continue
		}
		if err := errors.Join(verb.ParseFlags(rest), verb.ValidateArgs(verb.Flags().Args())); err != nil {
			t.Errorf("%q: %v", args, err)
		}
		if config := verb.Flag("config").Value.String(); config != "/etc/billwalk/jobs.yaml" {
			t.Errorf("%q reads %s, which is not where the ConfigMap is mounted", args, config)
		}
	}
}

func arguments(t *testing.T, o resource, path string) []string {
	t.Helper()
	list, _ := o.at(path).([]any)
	args := make([]string, len(list))
	for i, arg := range list {
		text, ok := arg.(string)
		if !ok {
			t.Fatalf("argument %v is a %T: put it in quotes", arg, arg)
		}
		args[i] = text
	}
	if len(args) == 0 {
		t.Fatalf("no arguments at %s", path)
	}
	return args
}

// TestDeployJobs reads deploy/jobs.yaml with the variables of the example secret and no others, beside accounts: it has the
// join on, and is read without a warning.
func TestDeployJobs(t *testing.T) {
	t.Parallel()
	secrets, _ := plainFiles(t)["Secret"].at("stringData").(map[string]any)
	folder := overlayFolder(t)
	file, err := jobs.Load(filepath.Join(folder, "jobs.yaml"), func(name string) (string, bool) {
		if name == "BILLWALK_LAKE_URL" {
			return "s3://my-bucket/lake", true
		}
		if _, ok := secrets[name]; ok {
			return "value-of-" + name, true
		}
		return "", false
	})
	if err != nil {
		t.Fatal(err)
	}
	job, err := file.Job("nightly")
	if err != nil {
		t.Fatal(err)
	}
	if len(job.Warnings) > 0 || job.Settlements == nil {
		t.Errorf("deploy/jobs.yaml is read with warnings %q and settlements %v", job.Warnings, job.Settlements)
	}
	if written := string(readDeployed(t, "jobs.yaml")); !strings.Contains(written, "${BILLWALK_LAKE_URL}") {
		t.Error("deploy/jobs.yaml names a bucket")
	}
	for key := range secrets {
		if text := string(readDeployed(t, "jobs.yaml")); !strings.HasPrefix(key, "AWS_") && !strings.Contains(text, "${"+key) {
			t.Errorf("the example secret has the key %s, which deploy/jobs.yaml does not read", key)
		}
	}
}

// TestDeployWithoutConfig: the base as it is ends a run before it begins, whatever the Secret has, and says why.
func TestDeployWithoutConfig(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]bool{"no variable": false, "all variables": true} {
		_, err := loadNightly(filepath.Join(deployFolder, "jobs.yaml"), func(string) (string, bool) { return "s3://my-bucket/lake", set })
		want := "accounts file"
		if !set {
			want = "variable BILLWALK_LAKE_URL is not set"
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("with %s: %v, want an error about %q", name, err, want)
		}
	}
}

func loadNightly(path string, env func(string) (string, bool)) (jobs.Job, error) {
	file, err := jobs.Load(path, env)
	if err != nil {
		return jobs.Job{}, err
	}
	return file.Job("nightly")
}
