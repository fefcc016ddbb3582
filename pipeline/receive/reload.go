package receive

import (
	"context"
	"time"
)

// watchFiles reloads changed files until the context ends.
func (r *Receiver) watchFiles(ctx context.Context) {
	tick := time.NewTicker(reloadInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, f := range r.files {
			r.reload(f)
		}
	}
}

// reload reloads files in use, and logs and counts changes and faults. It logs missing
// files repeatedly, as removing a file does not revoke its key.
func (r *Receiver) reload(f *files) {
	changed, err := f.reload()
	missing := 0.
	if f.missing {
		missing = 1
	}
	r.metrics.filesMissing.WithLabelValues(f.what).Set(missing)
	now := r.config.Now()
	switch {
	case err != nil && !f.missing:
		r.metrics.reloadFailures.WithLabelValues(f.what).Inc()
		r.config.Log.Error("changed files cannot be used: what was read before stays", "files", f.what, "error", err)
	case f.missing && (changed || now.Sub(f.reminded).Abs() >= reminderInterval):
		if changed {
			r.metrics.reloadFailures.WithLabelValues(f.what).Inc()
		}
		f.reminded = now
		r.config.Log.Warn("files that are in use are gone or cannot be read: what they held stays in use; to revoke a key, replace its file or take it out of jobs.yaml and start again",
			"files", f.what, "error", f.seen)
	case changed:
		r.config.Log.Info("changed files are in use", "files", f.what)
	}
}
