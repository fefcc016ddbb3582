// Package rules tests deploy/observability against Prometheus' own library. It is a module of its own, so that the
// program does not depend on it.
package rules
