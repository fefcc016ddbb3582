package parquet

import (
	"context"
	"fmt"
	"os"
	"strconv"

	"github.com/apache/arrow-go/v18/parquet"
)

// Digest returns the size and the hashes of a file, without looking into it. The
// file stays open. It ends with the context.
func Digest(ctx context.Context, from *os.File) (File, error) {
	var found File
	err := digest(ctx, from, &found)
	return found, err
}

// ReadStamp returns the stamp in a file's footer. As with Read, whoever doubts that
// the file is one of ours compares its hash first.
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
