package pipeline

import (
	"context"
	"slices"

	"billwalk/schema"
)

// publish ends the files and publishes them, unless what is published has the
// same rows, and says the same of the units.
func (a *assembly) publish(ctx context.Context) (unchanged bool, err error) {
	a.m.PublishedAt = a.Now().UTC()
	if err := a.stage.Finish(a.m); err != nil {
		return false, err
	}
	same, err := a.stage.Same(ctx)
	if err != nil {
		return false, err
	}
	if same && a.sameUnits() {
		return true, a.stage.Keep(ctx)
	}
	return false, a.stage.Publish(ctx, a.m)
}

// sameUnits says that the published manifest is sealed, was made by the same
// rules, tells the same of every unit's state, and rests on the same walks.
func (a *assembly) sameUnits() bool {
	published := a.base.Manifest
	if published.Seal == "" || published.SignTable != a.m.SignTable || published.Commissions != a.m.Commissions {
		return false
	}
	return slices.EqualFunc(published.Units, a.m.Units, func(was, is schema.Entry) bool {
		return was.Account == is.Account && was.State == is.State && was.Stale == is.Stale && (was.Failure == nil) == (is.Failure == nil) && walkOf(&was) == walkOf(&is)
	})
}

// walkOf returns the walk on which a unit's rows rest. Even where there are none, the
// manifest must name the one that proves it.
func walkOf(e *schema.Entry) string {
	if e.Certificate == nil {
		return ""
	}
	return e.Certificate.Walk
}
