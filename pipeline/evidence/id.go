package evidence

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/zeebo/xxh3"

	"billwalk/pipeline/hashed"
	"billwalk/schema"
)

// idHash stands for an id and its kind, a parameter of the settle query. A query is
// known by it, whatever column of the bills gave the value. All processes have the same.
type idHash [16]byte

func hashID(parameter, value string) (h idHash) {
	var memory [128]byte
	hash := xxh3.Hash128(appendID(memory[:0], parameter, value))
	binary.BigEndian.PutUint64(h[:], hash.Hi)
	binary.BigEndian.PutUint64(h[8:], hash.Lo)
	return h
}

func appendID(to []byte, parameter, value string) []byte {
	return append(append(append(to, parameter...), 0), value...)
}

// hashQuery returns the hash of a query. Queries that confirm unmatched settlements are
// apart: their answers are of no order.
func hashQuery(q schema.Query) idHash { return hashID(idOf(q)) }

func idOf(q schema.Query) (parameter, value string) {
	if Confirms(q) {
		return callbackColumn, q.Parameter + "\x00" + q.Value
	}
	return q.Parameter, q.Value
}

// key returns the hash as the key of a map.
func (h idHash) key() hashed.Key {
	return hashed.Key{binary.BigEndian.Uint64(h[:]), binary.BigEndian.Uint64(h[8:])}
}

// short is what is kept of an id where there are many.
func (h idHash) short() uint64 { return binary.BigEndian.Uint64(h[:]) }

// Sampled picks one query in a hundred, the same in every run.
func Sampled(q schema.Query) bool {
	parameter, value := idOf(q)
	h := sha256.Sum256(appendID(nil, parameter, value))
	return (int(h[0])<<8|int(h[1]))%100 == 0
}

// callbackColumn is the column of a query whose id a callback gave, and no bill.
const callbackColumn = "callback"

// Confirms reports whether a query is to confirm a settlement that only callbacks know.
func Confirms(q schema.Query) bool { return q.Column == callbackColumn }
