package cli

import (
	"io"
	"os"
	"strings"

	"billwalk/pipeline/jobs"
	"billwalk/schema"
)

// What the program says is shown without credentials, and without what variables of
// the environment hold: those that jobs.yaml names, and those that libraries read.
// Errors of the system, of the network and of servers repeat paths, addresses and keys.

// hideEnvironment hides the variables that libraries read: their names begin or end so.
func (p *program) hideEnvironment(environment []string) {
	for _, variable := range environment {
		name, held, _ := strings.Cut(variable, "=")
		switch upper := strings.ToUpper(name); {
		case strings.HasPrefix(upper, "AWS_"), strings.HasPrefix(upper, "BILLWALK_"), strings.HasPrefix(upper, "OTEL_") && (strings.HasSuffix(upper, "_HEADERS") || strings.HasSuffix(upper, "_ENDPOINT")), strings.HasSuffix(upper, "_PROXY"):
			jobs.HideVariable(&p.hidden, name, held)
		}
	}
}

// loadJobs reads the file of jobs, and hides what it says is to be hidden.
func (p *program) loadJobs() (*jobs.File, error) {
	file, err := jobs.Load(p.config, os.LookupEnv)
	if err == nil {
		p.hidden.Add(file.Hidden())
	}
	return file, err
}

// veiled is a writer of whole lines, each of which is shown without what is hidden.
type veiled struct {
	to     io.Writer
	hidden *schema.Redactor
}

func (v veiled) Write(line []byte) (int, error) {
	if _, err := v.to.Write(v.hidden.Bytes(line)); err != nil {
		return 0, err
	}
	return len(line), nil
}

// veil returns failures without what is hidden.
func veil(failures []schema.Failure, hidden *schema.Redactor) {
	for i := range failures {
		failures[i].Reason, failures[i].LogID = hidden.Text(failures[i].Reason), hidden.Text(failures[i].LogID)
	}
}
