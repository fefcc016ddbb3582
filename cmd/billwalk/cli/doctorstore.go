package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"billwalk/pipeline/jobs"
	"billwalk/schema"
	"billwalk/sinks/lake"
	"billwalk/sinks/object"
)

const fixSlow = "存储较慢但可用; the store serves writers one after another: it works, and publishing takes longer"

// store probes the store, never from what an earlier probe left, and returns it; nil if it
// cannot be used.
func (d *doctor) store(ctx context.Context, place jobs.Lake) object.Store {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	reached := place.URL + " can be listed, read and written"
	store, err := openStore(ctx, place, d.watch)
	var trial object.Trial
	if err == nil {
		trial, err = object.Probe(ctx, store, d.logProbe)
	}
	unfit, isUnfit := errors.AsType[*object.ProbeError](err)
	switch {
	case isUnfit:
		d.ok("store", reached)
		d.add("store semantics", stateFailed, unfit.Reason, unfit.Fix, schema.CodeStoreUnfit)
		return store
	case trial.Written && errors.Is(ctx.Err(), context.DeadlineExceeded):
		d.ok("store", reached)
		d.add("store semantics", stateWarning, fmt.Sprintf("slow: after %s no more than %s", patience, trial), fixSlow, "")
		return store
	case err != nil:
		d.wrong("store", "", err, schema.CodeStore)
		d.unchecked("store semantics", "the store could not be asked")
		return nil
	}
	if _, err := lake.Open(ctx, store, place.Buckets, Version()); err != nil {
		d.wrong("store", place.URL, err, schema.CodeDamaged)
	} else {
		d.ok("store", reached)
	}
	const holds = "conditional writes hold, and each race had one winner"
	if trial.Slow() {
		d.add("store semantics", stateWarning, trial.String()+"; "+holds, fixSlow, "")
	} else {
		d.ok("store semantics", holds)
	}
	return store
}

// temporary writes a file where runs keep what does not fit into memory.
func (d *doctor) temporary() {
	folder := os.TempDir()
	if err := writeTemporary(folder); err != nil {
		d.wrong("temporary", "the folder for temporary files (TMPDIR)", err, schema.CodeLocal)
		return
	}
	d.ok("temporary", folder+" can be written")
}

// writeTemporary writes a file and removes it.
func writeTemporary(folder string) error {
	f, err := os.CreateTemp(folder, "billwalk-check-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(strings.Repeat("0", 1<<20))
	return errors.Join(err, f.Sync(), f.Close())
}
