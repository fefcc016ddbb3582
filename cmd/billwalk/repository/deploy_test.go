package repository

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
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
	for _, name := range []string{"nightly.yaml", "backfill.yaml", "receiver.yaml", "secret.example.yaml"} {
		maps.Copy(objects, readObjects(t, readDeployed(t, name)))
	}
	return objects
}

// What every Job of ours must say, below the Job's or the CronJob's own path.
var jobMust = map[string]any{
	"completions":                                     1,
	"parallelism":                                     1,
	"template.spec.restartPolicy":                     "Never",
	"podFailurePolicy.rules.0.action":                 "Ignore",
	"podFailurePolicy.rules.0.onPodConditions.0.type": "DisruptionTarget",
	"podFailurePolicy.rules.1.action":                 "FailJob",
	"podFailurePolicy.rules.1.onExitCodes.operator":   "In",
	"podFailurePolicy.rules.1.onExitCodes.values":     []any{billwalktest.ExitUsage, pipeline.ExitIncomplete, pipeline.ExitDifferences},
	"podFailurePolicy.rules.2.action":                 "Count",
	"podFailurePolicy.rules.2.onExitCodes.operator":   "In",
	"podFailurePolicy.rules.2.onExitCodes.values":     []any{pipeline.ExitFailed, pipeline.ExitStopped, pipeline.ExitSuperseded},
	"template.spec.terminationGracePeriodSeconds":     60,
	"template.spec.automountServiceAccountToken":      false,
	"template.spec.securityContext.runAsNonRoot":      true,
	"template.spec.securityContext.runAsUser":         65532,

	"template.spec.securityContext.seccompProfile.type":                   "RuntimeDefault",
	"template.spec.containers.0.name":                                     "billwalk",
	"template.spec.containers.0.image":                                    "billwalk",
	"template.spec.containers.0.resources.limits.memory":                  "512Mi",
	"template.spec.containers.0.env.0":                                    map[string]any{"name": "GOMEMLIMIT", "value": "400MiB"},
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

func checkObjects(t *testing.T, objects map[string]resource) {
	t.Helper()
	checkPaths(t, objects["CronJob"], "", cronJobMust)
	checkPaths(t, objects["CronJob"], "spec.jobTemplate.spec.", jobMust)
	checkPaths(t, objects["Job"], "spec.", jobMust)
	checkPaths(t, objects["Job"], "spec.", map[string]any{"suspend": true})
	checkReceiverObjects(t, objects)
	for kind, o := range objects {
		if namespace := o.at("metadata.namespace"); namespace != nil {
			t.Errorf("the %s names the namespace %v: that is for the overlay to say", kind, namespace)
		}
	}
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
	checkObjects(t, objects)
	nightly, backfill := objects["CronJob"].at("spec.jobTemplate.spec.template.spec"), objects["Job"].at("spec.template.spec")
	arguments := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == `["args"]` }, cmp.Ignore())
	if diff := cmp.Diff(nightly, backfill, arguments); diff != "" {
		t.Errorf("the nightly pod and the backfill's differ in more than their arguments (-nightly +backfill):\n%s", diff)
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

// TestDeployJobs reads deploy/jobs.yaml with the container's environment and
// nothing else, and wants each secret to be in the example.
func TestDeployJobs(t *testing.T) {
	t.Parallel()
	objects := plainFiles(t)
	secrets, _ := objects["Secret"].at("stringData").(map[string]any)
	env := make(map[string]string)
	variables, _ := objects["CronJob"].at("spec.jobTemplate.spec.template.spec.containers.0.env").([]any)
	for _, v := range variables {
		variable := resource(v.(map[string]any))
		name := variable.at("name").(string)
		env[name] = "value-of-" + name
		from := variable.at("valueFrom.secretKeyRef")
		if from == nil {
			continue
		}
		if secret := variable.at("valueFrom.secretKeyRef.name"); secret != objects["Secret"].at("metadata.name") {
			t.Errorf("%s comes from the secret %v, which is not the example's", name, secret)
		}
		key := variable.at("valueFrom.secretKeyRef.key").(string)
		if _, ok := secrets[key]; !ok {
			t.Errorf("%s comes from the secret's key %s, which the example does not have", name, key)
		}
		delete(secrets, key)
	}
	if len(secrets) > 0 {
		t.Errorf("the example secret has keys that nothing reads: %v", slices.Sorted(maps.Keys(secrets)))
	}
	file, err := jobs.Load(filepath.Join(deployFolder, "jobs.yaml"), func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	})
	if err != nil {
		t.Fatal(err)
	}
	job, err := file.Job("nightly")
	if err != nil {
		t.Fatal(err)
	}
	if len(job.Warnings) > 0 {
		t.Errorf("deploy/jobs.yaml is read with warnings: %q", job.Warnings)
	}
}

// TestDeployRenders checks what would be applied.
func TestDeployRenders(t *testing.T) {
	t.Parallel()
	objects := readObjects(t, render(t))
	if kinds := slices.Sorted(maps.Keys(objects)); !slices.Equal(kinds, []string{"ConfigMap", "CronJob", "Deployment", "Job", "PodDisruptionBudget", "Service"}) {
		t.Errorf("deploy renders %q: want what runs, its config, and no Secret", kinds)
	}
	checkObjects(t, objects)
	if name := objects["ConfigMap"].at("metadata.name"); name != "billwalk-jobs" {
		t.Errorf("the ConfigMap is %v, which no pod mounts", name)
	}
	data, _ := objects["ConfigMap"]["data"].(map[string]any)
	if diff := cmp.Diff(map[string]any{"jobs.yaml": string(readDeployed(t, "jobs.yaml"))}, data); diff != "" {
		t.Errorf("the ConfigMap does not hold deploy/jobs.yaml (-want +got):\n%s", diff)
	}
}

func render(t *testing.T) []byte {
	t.Helper()
	for _, command := range [][]string{{"kubectl", "kustomize", deployFolder}, {"kustomize", "build", deployFolder}} {
		if _, err := exec.LookPath(command[0]); err != nil {
			continue
		}
		output, err := exec.CommandContext(t.Context(), command[0], command[1:]...).Output()
		if err != nil {
			t.Fatalf("%s: %v", strings.Join(command, " "), err)
		}
		return output
	}
	if os.Getenv("BILLWALK_REQUIRE_KUBECTL") != "" {
		t.Fatal("neither kubectl nor kustomize is on the PATH, and BILLWALK_REQUIRE_KUBECTL is set")
	}
	t.Skip("neither kubectl nor kustomize is on the PATH: deploy/ is not rendered")
	return nil
}
