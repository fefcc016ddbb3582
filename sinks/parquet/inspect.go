package parquet

import (
	"context"
	"fmt"
	"os"
	"strconv"

	"github.com/apache/arrow-go/v18/parquet"
)

// Digest returns the size and the hashes of a file, without decoding it. The file stays
// open.
func Digest(ctx context.Context, from *os.File) (File, error) {
	var found File
	err := digest(ctx, from, &found)
	return found, err
}

// ReadStamp returns the stamp in a file's footer. As with Read, compare the hash first if
// the file may not be one of ours.
func ReadStamp(from parquet.ReaderAtSeeker) (stamp Stamp, err error) {
	reader, err := openPages(from, newBudget(maxMemory))
	if err != nil {
		return stamp, err
	}
	footer := reader.MetaData().KeyValueMetadata()
	if id := footer.FindValue(WriteIDKey); id != nil {
		stamp.WriteID = *id
	}
	if generation := footer.FindValue(GenerationKey); generation != nil {
		if stamp.Generation, err = strconv.ParseInt(*generation, 10, 64); err != nil {
			return stamp, fmt.Errorf("%s: %w", GenerationKey, err)
		}
	}
	return stamp, nil
}
