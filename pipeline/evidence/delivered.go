package evidence

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// Delivered is one callback as it was received, and whether it is the one that counts among
// those of its settlement and item.
type Delivered struct {
	normalise.Callback
	App        string // its key in jobs.yaml
	Standing   Standing
	ArchiveKey string
}

// Standing says how a callback stands to the others of its settlement and item.
type Standing string

const (
	Latest     Standing = "latest"     // the one that counts among the callbacks
	Superseded Standing = "superseded" // another one is of a later moment, or final
	Repeated   Standing = "repeated"   // the same content was delivered before
	Foreign    Standing = "foreign"    // of another mini-program: it never counts
)

// CallbacksOf returns the callbacks received from a day on, up to another one, whose
// settlements the function accepts, in the order of their receipt. It decodes no callback
// that has none of the ids. A callback that cannot be read is none; objects that cannot are damaged.
func CallbacksOf(ctx context.Context, archive Archive, from, to schema.Day, apps schema.AppIDs, ids []string, accept func(*schema.Settlement) bool) (all []Delivered, damaged, err error) {
	first, ok, err := archive.FirstReceived(ctx)
	if err != nil || !ok {
		return nil, nil, err
	}
	for received := max(first, from); received <= to; received++ {
		err := archive.Callbacks(ctx, received, func(one schema.Callback) {
			if !mayName(one.Body, ids) {
				return
			}
			decoded, err := normalise.DecodeCallback(&one)
			if err == nil && accept(&decoded.Settlement) {
				all = append(all, Delivered{Callback: decoded, App: one.App, ArchiveKey: one.Key})
			}
		})
		if errors.Is(err, schema.ErrDamaged) {
			damaged = errors.Join(damaged, err)
		} else if err != nil {
			return nil, nil, err
		}
	}
	slices.SortStableFunc(all, func(a, b Delivered) int {
		return cmp.Or(a.Settlement.FetchedAt.Compare(b.Settlement.FetchedAt), cmp.Compare(a.Settlement.LogID.V, b.Settlement.LogID.V))
	})
	stand(all, apps)
	return all, damaged, nil
}

// mayName reports whether a body may have one of the ids; with escapes in it any.
func mayName(body []byte, ids []string) bool {
	return bytes.Contains(body, []byte(`\u`)) || slices.ContainsFunc(ids, func(id string) bool { return bytes.Contains(body, []byte(id)) })
}

// stand decides which callbacks count, as the builds do.
func stand(all []Delivered, apps schema.AppIDs) {
	counts := make(map[stateKey]mark)
	for i := range all {
		if apps.Check(all[i].Settlement.AppID.V) != nil {
			all[i].Standing = Foreign
			continue
		}
		key, m := all[i].key(), markOf(&all[i].Callback)
		if before, known := counts[key]; known {
			m = before.merge(m)
		}
		counts[key] = m
	}
	for i := range all {
		d := &all[i]
		if d.Standing == Foreign {
			continue
		}
		switch best, own := counts[d.key()], markOf(&d.Callback); {
		case own.sameDelivery(best):
			d.Standing = Latest
		case own.digest == best.digest:
			d.Standing = Repeated
		default:
			d.Standing = Superseded
		}
	}
}

func (d *Delivered) key() stateKey {
	ids := linkIDsOf(&d.Settlement)
	return stateKey{ids.settle, ids.item}
}
