package gunzip

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// standard unpacks by the standard library.
func standard(packed []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func packed(t testing.TB, data []byte, level int) []byte {
	var to bytes.Buffer
	w, err := gzip.NewWriterLevel(&to, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return to.Bytes()
}

// member wraps bits of DEFLATE as the member of the data.
func member(deflated, data []byte) []byte {
	out := append([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}, deflated...)
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(data))
	return binary.LittleEndian.AppendUint32(out, uint32(len(data)))
}

// samples are data of the kinds that make all kinds of blocks, codes and matches.
func samples() map[string][]byte {
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 200_000)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	var digits, skewed []byte
	for range 20_000 {
		digits = append(digits, `"ledger_id":"7`...)
		for range 12 {
			digits = append(digits, '0'+byte(random.IntN(10)))
		}
		skewed = append(skewed, byte(int(random.ExpFloat64()*9)))
	}
	return map[string][]byte{
		"empty": {}, "one byte": {'x'}, "short": []byte(`{"data":{"ledger_records":[],"has_more":false}}`),
		"noise": noise, "digits": digits, "skewed": skewed, "run": bytes.Repeat([]byte{'a'}, 100_000),
		"near and far": slices.Concat(noise[:32768], noise[:300], bytes.Repeat([]byte("ab"), 500), noise[:32768]),
	}
}

// TestUnpack: what any level packs is unpacked by the fast way, except where too few matches
// make a code that leaves bits without a meaning.
func TestUnpack(t *testing.T) {
	t.Parallel()
	fast := 0
	for name, data := range samples() {
		for level := gzip.HuffmanOnly; level <= gzip.BestCompression; level++ {
			z := packed(t, data, level)
			got, ok := unpackMember(z, len(data))
			if ok && !bytes.Equal(got, data) {
				t.Errorf("%s, level %d: other data", name, level)
			}
			if ok {
				fast++
			} else if len(data) > 1000 && name != "run" && name != "skewed" && level != gzip.HuffmanOnly {
				t.Errorf("%s, level %d: it was left to the reader", name, level)
			}
			if got, err := Unpack(z, len(data)); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%s, level %d: %v", name, level, err)
			}
			if len(data) > 0 {
				if got, err := Unpack(z, len(data)-1); err != nil || !bytes.Equal(got, data[:len(data)-1]) {
					t.Errorf("%s, level %d: %d bytes, %v; the limit is %d", name, level, len(got), err, len(data)-1)
				}
			}
		}
	}
	if fast < 50 {
		t.Errorf("only %d were unpacked by the fast way", fast)
	}
}

// TestUnsound: what is no sound member is read, or refused, as the standard library does.
func TestUnsound(t *testing.T) {
	t.Parallel()
	data := samples()["digits"]
	z := packed(t, data, gzip.BestSpeed)
	damaged, oversized, named := slices.Clone(z), slices.Clone(z), slices.Clone(z)
	damaged[len(z)-5] ^= 1
	oversized[len(z)-1] ^= 1
	named[3] = 8
	for name, z := range map[string][]byte{
		"empty": {}, "twice": slices.Concat(z, z), "cut": z[:len(z)-9], "cut in the header": z[:5], "checksum": damaged,
		"size": oversized, "a name": named, "followed by something": append(slices.Clone(z), "x..........."...), "no gzip": data,
		"reserved block": member([]byte{7}, nil), "stored without complement": member([]byte{1, 1, 0, 0, 0, 'x'}, []byte("x")),
		"symbol 286": member([]byte{0x1b, 3, 0, 0}, nil), "nothing": member(nil, nil),
	} {
		want, wantErr := standard(z)
		got, err := Unpack(slices.Clone(z), maxSize)
		if (err == nil) != (wantErr == nil) || errors.Is(err, io.ErrUnexpectedEOF) != errors.Is(wantErr, io.ErrUnexpectedEOF) || wantErr == nil && !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, %v; want %d, %v", name, len(got), err, len(want), wantErr)
		}
	}
}

const maxSize = 4 << 20

// FuzzUnpack: the fast way unpacks nothing that the standard library unpacks in another way,
// or not at all. The bits are fuzzed below a trailer that fits them.
func FuzzUnpack(f *testing.F) {
	for _, data := range samples() {
		data = data[:min(len(data), 2000)]
		for _, level := range []int{gzip.HuffmanOnly, gzip.NoCompression, gzip.BestSpeed, gzip.BestCompression} {
			z := packed(f, data, level)
			f.Add(z[headerSize : len(z)-trailerSize])
		}
	}
	f.Fuzz(func(t *testing.T, deflated []byte) {
		rest := bytes.NewReader(deflated)
		data, err := io.ReadAll(io.LimitReader(flate.NewReader(rest), maxSize))
		z := member(deflated, data)
		got, ok := unpackMember(slices.Clone(z), maxSize)
		if ok && (err != nil || rest.Len() > 0 || !bytes.Equal(got, data)) {
			t.Fatalf("unpacked to %d bytes; the standard library: %d, with %d bytes left, %v", len(got), len(data), rest.Len(), err)
		}
		want, wantErr := standard(z)
		if got, err := Unpack(z, maxSize); (err == nil) != (wantErr == nil) || err == nil && !bytes.Equal(got, want) {
			t.Fatalf("%d bytes, %v; want %d, %v", len(got), err, len(want), wantErr)
		}
	})
}

func BenchmarkUnpack(b *testing.B) {
	z := slices.Grow(packed(b, []byte(strings.Repeat(string(samples()["digits"][:4000]), 10)), gzip.BestSpeed), 8)
	b.SetBytes(40_000)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := unpackMember(z, maxSize); !ok {
			b.Fatal("it was left to the reader")
		}
	}
}
