package build

import (
	"context"
	"errors"
	"slices"

	"billwalk/schema"
)

// Published is what is published of a partition after all.
type Published struct {
	Manifest   *schema.Manifest
	Unchanged  bool // the base stays: it has the same rows, and says the same of the units
	Superseded bool // another run came first, with a result at least as new
}

// Publish publishes the joined partition. Where another run came first, whose result is not
// as new, nothing is changed, and the error is schema.ErrSuperseded: a run again publishes
// what is in the archive by now.
func (p *Partition) Publish(ctx context.Context) (Published, error) {
	unchanged, err := p.publish(ctx)
	switch {
	case errors.Is(err, schema.ErrSuperseded):
		winner, err := p.awaitWinner(ctx)
		return Published{Manifest: winner, Superseded: true}, err
	case unchanged:
		return Published{Manifest: p.base.Manifest, Unchanged: true}, err
	}
	return Published{Manifest: p.manifest}, err
}

// publish ends the files and publishes them, unless the base has the same rows, and says
// the same of the units.
func (p *Partition) publish(ctx context.Context) (unchanged bool, err error) {
	p.manifest.PublishedAt = p.builder.Now().UTC()
	if err := p.stage.Finish(p.manifest); err != nil {
		return false, err
	}
	same, err := p.stage.Same(ctx)
	if err != nil {
		return false, err
	}
	if same && p.sameUnits() {
		return true, p.stage.Keep(ctx)
	}
	return false, p.stage.Publish(ctx, p.manifest)
}

// sameUnits reports whether the published manifest is sealed, has this form, was made by the same
// rules, has the same state of every unit, and rests on the same walks.
func (p *Partition) sameUnits() bool {
	published := p.base.Manifest
	if published.Seal == "" || published.Version != schema.ManifestVersion || published.SignTable != p.manifest.SignTable || published.Commissions != p.manifest.Commissions || published.RowRule != p.manifest.RowRule {
		return false
	}
	return slices.EqualFunc(published.Units, p.manifest.Units, func(was, is schema.Entry) bool {
		return was.Account == is.Account && was.State == is.State && was.Stale == is.Stale && (was.Failure == nil) == (is.Failure == nil) && walkOf(&was) == walkOf(&is) &&
			storesOf(&was) == storesOf(&is)
	})
}

// storesOf returns the pass on which an account's stores rest, or "".
func storesOf(e *schema.Entry) string {
	if e.Stores == nil {
		return ""
	}
	return e.Stores.Walk
}

// walkOf returns the walk on which a unit's rows rest. Even where there are none, the
// manifest must name the one that proves it.
func walkOf(e *schema.Entry) string {
	if e.Certificate == nil {
		return ""
	}
	return e.Certificate.Walk
}
