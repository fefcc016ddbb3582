package lake

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
	"billwalk/sinks/parquet"
)

// checkObjects compares the published files with what their manifest says: size,
// hashes, rows, totals, and the stamps in footer and metadata.
func checkObjects(t *testing.T, store *recording, base schema.Base, bills int64) {
	t.Helper()
	m := base.Manifest
	if len(m.Objects) != len(tables) {
		t.Fatalf("%d objects", len(m.Objects))
	}
	for i, o := range m.Objects {
		data := store.get(t, o.Key)
		hash := sha256.Sum256(data)
		info, err := store.Head(t.Context(), o.Key)
		if err != nil {
			t.Fatal(err)
		}
		if o.Table != tables[i] || o.Day != day || o.Bucket != 2 || o.Bytes != int64(len(data)) || o.SHA256 != hex.EncodeToString(hash[:]) || o.ETag != info.ETag || base.ETags[o.Table] != info.ETag {
			t.Errorf("%+v is not what is stored", o)
		}
		reader, err := file.NewParquetReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		footer := reader.MetaData().KeyValueMetadata()
		if id := footer.FindValue(parquet.WriteIDKey); id == nil || *id != m.WriteID || info.Meta[writeIDMeta] != m.WriteID {
			t.Errorf("%s: write id %v in the footer, %q with the object, %q in the manifest", o.Table, id, info.Meta[writeIDMeta], m.WriteID)
		}
		want := strconv.FormatInt(m.Generation, 10)
		if g := footer.FindValue(parquet.GenerationKey); g == nil || *g != want || info.Meta[generationMeta] != want {
			t.Errorf("%s: generation %v in the footer, %q with the object, %s in the manifest", o.Table, g, info.Meta[generationMeta], want)
		}
		if reader.NumRows() != o.Rows || o.Totals.Rows != o.Rows {
			t.Errorf("%s has %d rows, the manifest says %d and %d", o.Table, reader.NumRows(), o.Rows, o.Totals.Rows)
		}
	}
	var rows []int64
	for _, o := range m.Objects {
		rows = append(rows, o.Rows)
	}
	if diff := cmp.Diff([]int64{bills, bills, bills, bills, 1, 1, 1, 1}, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	want := schema.Sum{Fen: schema.Fen(100 * bills)}
	if m.Objects[1].Totals.Fen["pay_fen"] != want || m.Objects[2].Totals.Fen["settle_amount_fen"] != want {
		t.Errorf("totals %+v", m.Objects)
	}
}

// TestCrashAfterEveryPut stops a publication at each of its PUTs, before and after it took
// effect. In every case the next run publishes a complete day, and no manifest names files
// that were not written.
func TestCrashAfterEveryPut(t *testing.T) {
	t.Parallel()
	crash := errors.New("killed")
	for _, published := range []bool{false, true} {
		for _, key := range append([]string{settingsKey}, objects...) {
			if published && key == settingsKey {
				continue // they are written once
			}
			for _, landed := range []bool{false, true} {
				t.Run(fmt.Sprint(published, key, landed), func(t *testing.T) {
					t.Parallel()
					store := newRecording()
					l := open(t, store)
					generation := int64(1)
					if published {
						generation = 2
						if _, err := publish(t, l, baseOf(t, l), 5); err != nil {
							t.Fatal(err)
						}
					}
					before := store.content(t)[manifestOf]
					dead := false
					store.fault = func(op objecttest.Op, k string) (bool, error) {
						if dead {
							return false, crash
						}
						dead = op == objecttest.OpPut && k == key
						if dead {
							return landed, crash
						}
						return false, nil
					}
					if _, err := publish(t, l, baseOf(t, l), 7); !errors.Is(err, crash) {
						t.Fatalf("%v, want the crash", err)
					}
					store.fault = nil
					after := store.content(t)[manifestOf]
					if (after != before) != (key == manifestOf && landed) {
						t.Errorf("the manifest was\n%s\nand is\n%s", before, after)
					}
					checkTorn(t, open(t, store), published, key, landed)
					l = open(t, store)
					if key != settingsKey && (key != turnOf || landed) {
						generation++ // the one that was cut has used its own
					}
					m, err := publish(t, l, baseOf(t, l), 9)
					if err != nil || m.Generation != generation {
						t.Fatalf("the next run: generation %d, want %d, %v", m.Generation, generation, err)
					}
					checkObjects(t, store, baseOf(t, l), 9)
				})
			}
		}
	}
}

// checkTorn asks whether a manifest is that of its files, when a publication was cut at a key.
func checkTorn(t *testing.T, l *Lake, published bool, key string, landed bool) {
	t.Helper()
	m, err := l.Manifest(t.Context(), day, 2)
	if err != nil || m == nil {
		if err != nil || published {
			t.Error(err, m)
		}
		return
	}
	files := objects[slices.Index(objects, turnOf)+1 : slices.Index(objects, manifestOf)]
	want := published && (slices.Index(files, key) > 0 || key == files[0] && landed || key == manifestOf && !landed)
	if torn, err := l.Torn(t.Context(), m); torn != want || err != nil {
		t.Errorf("torn: %t, %v, want %t", torn, err, want)
	}
}

// TestSuperseded: if another run has published since the base was read, nothing changes,
// whatever was published before.
func TestSuperseded(t *testing.T) {
	t.Parallel()
	for _, generations := range []int{0, 1, 3} {
		store := newRecording()
		l := open(t, store)
		for range generations {
			if _, err := publish(t, l, baseOf(t, l), 5); err != nil {
				t.Fatal(err)
			}
		}
		base := baseOf(t, l)
		if _, err := publish(t, l, baseOf(t, l), 6); err != nil { // the other run
			t.Fatal(err)
		}
		before := store.content(t)
		if _, err := publish(t, l, base, 7); !errors.Is(err, schema.ErrSuperseded) {
			t.Errorf("after %d generations: %v, want ErrSuperseded", generations, err)
		}
		if diff := cmp.Diff(before, store.content(t)); diff != "" {
			t.Errorf("after %d generations the loser has changed\n%s", generations, diff)
		}
		checkObjects(t, store, baseOf(t, l), 6)
	}
}

// TestSupersededByTheSameRows: another run that wrote the same rows is not taken for an
// earlier attempt of this one.
func TestSupersededByTheSameRows(t *testing.T) {
	t.Parallel()
	store := newRecording()
	l := open(t, store)
	base := baseOf(t, l)
	if _, err := publish(t, l, baseOf(t, l), 7); err != nil {
		t.Fatal(err)
	}
	if _, err := publish(t, l, base, 7); !errors.Is(err, schema.ErrSuperseded) {
		t.Errorf("%v, want ErrSuperseded", err)
	}
}

// TestLostAnswers: a PUT whose answer was lost is sent again. If it had taken effect, the
// conflict is recognised as its own.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	for _, key := range append([]string{settingsKey}, objects...) {
		for _, landed := range []bool{false, true} {
			for _, lost := range []int{1, 2} {
				t.Run(fmt.Sprint(key, landed, lost), func(t *testing.T) {
					t.Parallel()
					store := newRecording()
					l := open(t, store)
					base := baseOf(t, l)
					store.fault = losing(key, landed, lost)
					if m, err := publish(t, l, base, 7); err != nil || m.Generation != 1 {
						t.Fatalf("generation %d, %v", m.Generation, err)
					}
					checkObjects(t, store, baseOf(t, l), 7)
				})
			}
		}
	}
}

// losing loses the answers to the first PUTs of a key.
func losing(key string, landed bool, lost int) func(objecttest.Op, string) (bool, error) {
	return func(op objecttest.Op, k string) (bool, error) {
		if op != objecttest.OpPut || k != key || lost == 0 {
			return false, nil
		}
		lost--
		return landed, fmt.Errorf("connection reset: %w", object.ErrUnknown)
	}
}

// TestStoppedWhileUnknown: a publication that is stopped while the outcome of a PUT is
// unknown returns that. The next run publishes over it, whatever the outcome was.
func TestStoppedWhileUnknown(t *testing.T) {
	t.Parallel()
	for _, key := range append([]string{settingsKey}, objects...) {
		for _, landed := range []bool{false, true} {
			t.Run(fmt.Sprint(key, landed), func(t *testing.T) {
				t.Parallel()
				store := newRecording()
				l := open(t, store)
				ctx, cancel := context.WithCancel(t.Context())
				lose := losing(key, landed, 1)
				store.fault = func(op objecttest.Op, k string) (bool, error) {
					apply, err := lose(op, k)
					if err != nil {
						cancel()
					}
					return apply, err
				}
				err := publishRows(ctx, l, baseOf(t, l), new(schema.Manifest), fill(7))
				if !errors.Is(err, object.ErrUnknown) {
					t.Errorf("%v, want ErrUnknown", err)
				}
				if _, err := publish(t, l, baseOf(t, l), 9); err != nil {
					t.Fatal(err)
				}
				checkObjects(t, store, baseOf(t, l), 9)
			})
		}
	}
}
