package pipeline_test

import (
	"bytes"
	"context"
	"io"
	"iter"
	"strings"
	"testing"

	"billwalk/pipeline"
	"billwalk/schema"
	"billwalk/sinks/archive"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// damages are ways to damage an archived batch.
var damages = map[string]func(key string, data []byte) map[string][]byte{
	"a byte flipped": func(key string, data []byte) map[string][]byte {
		data = bytes.Clone(data)
		data[len(data)/2] ^= 1
		return map[string][]byte{key: data}
	},
	"cut short": func(key string, data []byte) map[string][]byte { return map[string][]byte{key: data[:len(data)/2]} },
	"emptied":   func(key string, _ []byte) map[string][]byte { return map[string][]byte{key: nil} },
	"lost":      func(string, []byte) map[string][]byte { return nil },
	"another amount, in sound JSON": func(key string, data []byte) map[string][]byte {
		return map[string][]byte{key: reencode(key, data, func(a *schema.Answer) bool {
			a.Body = bytes.Replace(a.Body, []byte(`"pay":101`), []byte(`"pay":102`), 1)
			return true
		})}
	},
	"the last page lost": func(key string, data []byte) map[string][]byte {
		return map[string][]byte{key: reencode(key, data, func(a *schema.Answer) bool { return a.Page != 3 })}
	},
	"a page in the middle lost": func(key string, data []byte) map[string][]byte {
		return map[string][]byte{key: reencode(key, data, func(a *schema.Answer) bool { return a.Page != 2 })}
	},
}

// reencode changes a batch's answers, dropping those for which change is false.
func reencode(key string, data []byte, change func(*schema.Answer) bool) []byte {
	mem := objecttest.NewMem()
	u, walk := schema.Unit{}, "01KAJA0000000000000000000A"
	a := archive.New(mem)
	if err := a.Append(context.Background(), u, walk, 1, data); err != nil {
		panic(err)
	}
	var changed []byte
	for answer, err := range a.Answers(context.Background(), u, walk) {
		if err != nil {
			panic(err)
		}
		if change(&answer) {
			line, _ := a.Encode(nil, answer)
			changed = append(changed, line...)
		}
	}
	return changed
}

// stored yields the store's objects, by key.
func (w *world) stored() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		w.t.Helper()
		for info, err := range w.store.List(w.t.Context(), "") {
			if err != nil {
				w.t.Fatal(err)
			}
			body, _, err := w.store.Get(w.t.Context(), info.Key)
			if err != nil {
				w.t.Fatal(err)
			}
			data, err := io.ReadAll(body)
			if err != nil {
				w.t.Fatal(err)
			}
			if !yield(info.Key, data) {
				return
			}
		}
	}
}

// damage changes the store's batches of the account.
func (w *world) damage(a schema.Account, change func(string, []byte) map[string][]byte) {
	w.t.Helper()
	copied := objecttest.NewMem()
	for key, data := range w.stored() {
		kept := map[string][]byte{key: data}
		if strings.Contains(key, "account="+string(a.ID)) && strings.HasSuffix(key, ".zst") {
			kept = change(key, data)
		}
		for key, data := range kept {
			if _, err := copied.Put(w.t.Context(), key, bytes.NewReader(data), object.IfAbsent(), nil); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	w.store, w.archive = copied, archive.New(copied)
}

// TestDamagedArchive: a unit whose certified pages are not in the archive any more fails,
// and the others are published; where its rows are published, the partition stays as it is.
func TestDamagedArchive(t *testing.T) {
	t.Parallel()
	for name, change := range damages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, []schema.Account{store, kiosk}, func(t *testing.T, w *world) {
				w.set(store, records(store.ID, "bill", 25)...)
				w.set(kiosk, records(kiosk.ID, "bill", 25)...)
				w.run(pipeline.ExitDone)
				w.damage(store, change)

				s := w.run(pipeline.ExitFailed, replay)
				if len(w.published(store)) != 25 || len(w.published(kiosk)) != 25 || len(s.Partitions) != 0 {
					t.Errorf("%d and %d bills, %d partitions: what was published has to stay", len(w.published(store)), len(w.published(kiosk)), len(s.Partitions))
				}
				w.lake.partitions = map[shelfPlace]*shelved{}
				s = w.run(pipeline.ExitIncomplete, replay)
				if s.Units != (pipeline.UnitCounts{Complete: 1, Failed: 1}) || len(s.Failures) != 1 || s.Failures[0].Account != store.ID || s.Failures[0].Reason == "" {
					t.Errorf("%+v, %+v", s.Units, s.Failures)
				}
				if e := w.entry(store); e.State != schema.Failed || e.Failure == nil || len(w.published(store)) != 0 || len(w.published(kiosk)) != 25 {
					t.Errorf("%+v; %d and %d bills", e, len(w.published(store)), len(w.published(kiosk)))
				}
				// The platform still has the bills.
				w.run(pipeline.ExitDone)
				if len(w.published(store)) != 25 || len(w.published(kiosk)) != 25 {
					t.Errorf("walked again: %d and %d bills", len(w.published(store)), len(w.published(kiosk)))
				}
			})
		})
	}
}

// TestDamagedUnitAlone: a day whose only unit is damaged is not published as empty.
func TestDamagedUnitAlone(t *testing.T) {
	t.Parallel()
	inBubble(t, []schema.Account{store}, func(t *testing.T, w *world) {
		w.set(store, records(store.ID, "bill", 25)...)
		w.run(pipeline.ExitDone)
		w.damage(store, damages["lost"])
		w.lake.partitions = map[shelfPlace]*shelved{}
		s := w.run(pipeline.ExitIncomplete, replay)
		if s.Units.Failed != 1 || w.lake.manifest(day, 0) != nil {
			t.Errorf("%+v, published: %+v", s.Units, w.lake.manifest(day, 0))
		}
	})
}

// certificateKey returns the key of the account's published certificate.
func (w *world) certificateKey(a schema.Account) string {
	return "archive/bills/bill_date=" + day.String() + "/account=" + string(a.ID) + "/" + w.entry(a).Certificate.Walk + ".json"
}

// TestDamagedCertificate: it fails its unit, and the others are published.
func TestDamagedCertificate(t *testing.T) {
	t.Parallel()
	for name, published := range map[string]bool{"published before": true, "never published": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, []schema.Account{store, kiosk}, func(t *testing.T, w *world) {
				w.set(store, records(store.ID, "bill", 25)...)
				w.set(kiosk, records(kiosk.ID, "bill", 25)...)
				w.run(pipeline.ExitDone)
				key := w.certificateKey(store)
				if _, err := w.store.Put(t.Context(), key, strings.NewReader(`{"version":99}`), object.Always(), nil); err != nil {
					t.Fatal(err)
				}
				rows := 25
				if !published {
					rows, w.lake.partitions = 0, map[shelfPlace]*shelved{}
				}
				w.set(kiosk, records(kiosk.ID, "bill", 40)...)
				s := w.run(pipeline.ExitIncomplete)
				if len(s.Failures) != 1 || s.Failures[0].Account != store.ID || !strings.Contains(s.Failures[0].Reason, key) {
					t.Errorf("failures %+v, want one that names %s", s.Failures, key)
				}
				checkRows(t, w, rows, published)
				if len(w.published(kiosk)) != 40 {
					t.Errorf("%d bills of the other unit, want 40", len(w.published(kiosk)))
				}
			})
		})
	}
}

// TestUnreadableCertificate: the unit is walked again, and the new certificate replaces the
// damaged one.
func TestUnreadableCertificate(t *testing.T) {
	t.Parallel()
	inBubble(t, []schema.Account{store, kiosk}, func(t *testing.T, w *world) {
		w.set(store, records(store.ID, "bill", 25)...)
		w.set(kiosk, records(kiosk.ID, "bill", 25)...)
		w.run(pipeline.ExitDone)
		key := w.certificateKey(store)
		if _, err := w.store.Put(t.Context(), key, strings.NewReader(`{"version":1,"walk"`), object.Always(), nil); err != nil {
			t.Fatal(err)
		}
		s := w.run(pipeline.ExitIncomplete, replay)
		if len(s.Failures) != 1 || !strings.Contains(s.Failures[0].Reason, key) || len(w.published(store)) != 25 {
			t.Errorf("replay: failures %+v, want one that names %s; %d bills", s.Failures, key, len(w.published(store)))
		}
		w.run(pipeline.ExitDone)
		if e := w.entry(store); e.State != schema.Complete || e.Stale || len(w.published(store)) != 25 {
			t.Errorf("walked again: got %+v, %d bills", e, len(w.published(store)))
		}
		w.run(pipeline.ExitDone, replay)
	})
}
