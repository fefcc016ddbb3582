package repository

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline/jobs"
)

var receiverLabels = map[string]any{"app.kubernetes.io/name": "billwalk", "app.kubernetes.io/component": "receiver"}

// What the receiver's Deployment must say.
var deploymentMust = map[string]any{
	"replicas":                                           2,
	"strategy.rollingUpdate.maxUnavailable":              0,
	"selector.matchLabels":                               receiverLabels,
	"template.metadata.labels":                           receiverLabels,
	"template.spec.automountServiceAccountToken":         false,
	"template.spec.securityContext.runAsNonRoot":         true,
	"template.spec.securityContext.runAsUser":            65532,
	"template.spec.containers.0.name":                    "billwalk",
	"template.spec.containers.0.livenessProbe.httpGet":   map[string]any{"path": "/healthz", "port": "metrics"},
	"template.spec.containers.0.readinessProbe.httpGet":  map[string]any{"path": "/readyz", "port": "metrics"},
	"template.spec.containers.0.resources.limits.memory": "512Mi",
	"template.spec.serviceAccountName":                   "billwalk-receiver",
	"template.spec.containers.0.args":                    []any{"receive", "--config", "/etc/billwalk/jobs.yaml", "--addr", ":8080", "--metrics-addr", ":9464"},
	"template.spec.containers.0.ports.1":                 map[string]any{"name": "metrics", "containerPort": 9464},
	"template.spec.volumes.0.configMap.name":             "billwalk-jobs",

	"template.spec.securityContext.seccompProfile.type":                   "RuntimeDefault",
	"template.spec.containers.0.terminationMessagePolicy":                 "FallbackToLogsOnError",
	"template.spec.containers.0.securityContext.allowPrivilegeEscalation": false,
	"template.spec.containers.0.securityContext.readOnlyRootFilesystem":   true,
	"template.spec.containers.0.securityContext.capabilities":             map[string]any{"drop": []any{"ALL"}},
}

func checkReceiverObjects(t *testing.T, objects map[string]resource) {
	t.Helper()
	checkPaths(t, objects["Deployment"], "spec.", deploymentMust)
	checkPaths(t, objects["Service"], "spec.", map[string]any{"selector": receiverLabels, "ports.0.targetPort": "http"})
	checkPaths(t, objects["PodDisruptionBudget"], "spec.", map[string]any{"selector.matchLabels": receiverLabels, "minAvailable": 1})
}

// TestDeployReceiver holds the receiver's files together: its end fits into the time
// that Kubernetes gives it, and jobs.yaml, with its comment taken up, names keys
// where they are mounted, and needs no other credential than the pod has.
func TestDeployReceiver(t *testing.T) {
	t.Parallel()
	spec := resource(plainFiles(t)["Deployment"].at("spec.template.spec").(map[string]any))
	leaving := time.Duration(spec.at("containers.0.lifecycle.preStop.sleep.seconds").(int)) * time.Second
	if grace := time.Duration(spec.at("terminationGracePeriodSeconds").(int)) * time.Second; leaving+billwalktest.StopTime > grace {
		t.Errorf("%s before the end and %s for it do not fit into %s", leaving, billwalktest.StopTime, grace)
	}
	commented := string(readDeployed(t, "jobs.yaml"))
	text := strings.NewReplacer("\n    # callbacks:", "\n    callbacks:", "\n    #   ", "\n      ").Replace(commented)
	path := filepath.Join(overlayFolder(t), "jobs.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	given := make(map[string]string) // from the Secret
	for _, one := range spec.at("containers.0.env").([]any) {
		given[one.(map[string]any)["name"].(string)] = "x"
	}
	given["BILLWALK_LAKE_URL"], given["DOUYIN_TRADE_TOKEN"], given["S3_ENDPOINT"] = "s3://my-bucket/lake", "sixteen-letters!", ""
	for name := range given {
		if strings.HasSuffix(name, "CLIENT_SECRET") || name == "BILLWALK_CODE_KEY" {
			t.Errorf("the receiver holds %s, which it does not need", name)
		}
	}
	file, err := jobs.Load(path, func(name string) (string, bool) { held, ok := given[name]; return held, ok })
	if err != nil {
		t.Fatal(err)
	}
	apps, err := file.Receivers()
	if err != nil || len(apps) != 1 || apps[0].Name != "trade" {
		t.Fatalf("receivers %v, %v", apps, err)
	}
	mount := spec.at("containers.0.volumeMounts.1").(map[string]any)
	for _, key := range apps[0].Callbacks.PublicKeys {
		if filepath.Dir(key) != mount["mountPath"] || mount["subPath"] != nil {
			t.Errorf("the key %s is not in the folder that is mounted: %v", key, mount)
		}
	}
}
