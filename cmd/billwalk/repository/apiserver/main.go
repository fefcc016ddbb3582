// Command apiserver judges Kubernetes manifests as the API server does: it decodes them strictly, fills in the defaults,
// and applies the server's own rules. It reads YAML documents from standard input, prints what is wrong, and then ends
// with 1. It is a module of its own, so that billwalk does not depend on Kubernetes.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/apps"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	appsrules "k8s.io/kubernetes/pkg/apis/apps/validation"
	"k8s.io/kubernetes/pkg/apis/batch"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	batchrules "k8s.io/kubernetes/pkg/apis/batch/validation"
	"k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	corerules "k8s.io/kubernetes/pkg/apis/core/validation"
	"k8s.io/kubernetes/pkg/apis/networking"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	networkingrules "k8s.io/kubernetes/pkg/apis/networking/validation"
	"k8s.io/kubernetes/pkg/apis/policy"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	policyrules "k8s.io/kubernetes/pkg/apis/policy/validation"
)

func main() {
	if err := judge(os.Stdin); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// judge returns what is wrong with the documents, of which there has to be one.
func judge(from io.Reader) error {
	decoder := serializer.NewCodecFactory(legacyscheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	documents := yaml.NewYAMLReader(bufio.NewReader(from))
	var wrong []error
	for n := 0; ; n++ {
		document, err := documents.Read()
		switch {
		case errors.Is(err, io.EOF) && n == 0:
			return errors.New("no document")
		case errors.Is(err, io.EOF):
			return errors.Join(wrong...)
		case err != nil:
			return err
		}
		wrong = append(wrong, judgeDocument(decoder, document))
	}
}

func judgeDocument(decoder runtime.Decoder, document []byte) error {
	versioned, kind, err := decoder.Decode(document, nil, nil)
	if err != nil {
		return err
	}
	legacyscheme.Scheme.Default(versioned)
	object, err := legacyscheme.Scheme.ConvertToVersion(versioned, schema.GroupVersion{Group: kind.Group, Version: runtime.APIVersionInternal})
	if err != nil {
		return fmt.Errorf("%s: %w", kind, err)
	}
	described, err := meta.Accessor(object)
	if err != nil {
		return fmt.Errorf("%s: %w", kind, err)
	}
	if described.GetNamespace() == "" {
		described.SetNamespace("default")
	}
	faults, err := validate(object)
	if err == nil {
		err = faults.ToAggregate()
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", kind.Kind, described.GetName(), err)
	}
	return nil
}

// validate applies the server's rules for a new object.
func validate(object runtime.Object) (field.ErrorList, error) {
	switch o := object.(type) {
	case *core.ConfigMap:
		return corerules.ValidateConfigMap(o), nil
	case *core.Secret:
		return corerules.ValidateSecret(o), nil
	case *core.Service:
		return corerules.ValidateServiceCreate(o), nil
	case *core.ServiceAccount:
		return corerules.ValidateServiceAccount(o), nil
	case *apps.Deployment:
		return appsrules.ValidateDeployment(o, corerules.PodValidationOptions{}), nil
	case *batch.CronJob:
		return batchrules.ValidateCronJobCreate(o, corerules.PodValidationOptions{}), nil
	case *batch.Job: // as a template, which has no selector either: the server makes that
		template := &batch.JobTemplateSpec{ObjectMeta: o.ObjectMeta, Spec: o.Spec}
		return batchrules.ValidateJobTemplateSpec(template, nil, corerules.PodValidationOptions{}), nil
	case *networking.NetworkPolicy:
		return networkingrules.ValidateNetworkPolicy(o, networkingrules.NetworkPolicyValidationOptions{}), nil
	case *networking.Ingress:
		return networkingrules.ValidateIngressCreate(o), nil
	case *policy.PodDisruptionBudget:
		return policyrules.ValidatePodDisruptionBudget(o, policyrules.PodDisruptionBudgetValidationOptions{}), nil
	default:
		return nil, errors.New("the rules for this kind are not here")
	}
}
