package simulation

import (
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/klauspost/compress/zstd"

	"billwalk/schema"
	"billwalk/sinks/archive"
)

// unbubbled compresses Parquet's pages, to the same bytes as Arrow's own codec.
// That one keeps a pool of compressors, which own channels; and a channel made in
// one bubble of synctest cannot be used in another.
type unbubbled struct {
	compress.Codec
	encoder *zstd.Encoder
}

// EncodeLevel implements compress.Codec, for the one level that there is.
func (u unbubbled) EncodeLevel(dst, src []byte, _ int) []byte {
	return u.encoder.EncodeAll(src, dst[:0])
}

// simDecoder reads the archive, for the oracle.
var simDecoder *zstd.Decoder

func init() {
	arrow, err := compress.GetCodec(compress.Codecs.Zstd)
	if err != nil {
		panic(err)
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithZeroFrames(true), zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(1)), zstd.WithAllLitEntropyCompression(true))
	if err != nil {
		panic(err)
	}
	codec := unbubbled{arrow, encoder}
	compress.RegisterCodec(compress.Codecs.Zstd, codec)
	if simDecoder, err = zstd.NewReader(nil); err != nil {
		panic(err)
	}
	// What makes its channels when it is first used makes them here.
	packed := codec.EncodeLevel(nil, []byte("{}"), 1)
	codec.Decode(make([]byte, 2), packed)
	if _, err := archive.New(nil).Encode(nil, schema.Answer{Body: []byte("{}")}); err != nil {
		panic(err)
	}
}
