package sandbox

import (
	"math/big"
	"math/bits"
	"math/rand/v2"
	"strconv"
)

// dice is the source of all chance: it hashes the parts (splitmix64, chained). Equal
// parts give equal numbers, and a change of any part gives an unrelated one.
func dice(parts ...uint64) uint64 {
	h := uint64(0x9E3779B97F4A7C15)
	for _, part := range parts {
		h += part + 0x9E3779B97F4A7C15
		h = (h ^ h>>30) * 0xBF58476D1CE4E5B9
		h = (h ^ h>>27) * 0x94D049BB133111EB
		h ^= h >> 31
	}
	return h
}

// word returns a text as a part for dice (FNV-1a, 64 bits).
func word(text string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	return h
}

// draw returns a random source that is seeded with the parts.
func draw(parts ...uint64) *rand.Rand {
	return rand.New(rand.NewPCG(dice(parts...), 0))
}

// Kinds of ids. The kind is a part of the id, so that no two things share one.
const (
	idAccount = iota
	idLedger
	idOrder
	idItem
	idCertificate
	idVerify
	idSKU
	idPOI
	idFlow
	idExternal
	idTrade     // an order, in a trade system that has ids of its own
	idSettle    // and as many kinds as an order has settlements, at most mostSettlements
	idOutSettle = idSettle + maxSettlements
)

const maxSettlements = 16

// Kinds of ids of strays, which no bill has.
const (
	idStrayOrder = idOutSettle + maxSettlements + iota
	idStrayItem
	idStraySettle
	idStrayOutSettle
	idWithdrawal
)

const (
	idSpace = 1_000_000_000_000_000_000 // the 18 digits behind the leading 7
	idPrime = 618_033_988_749_894_853   // odd and no multiple of 5: multiplying permutes the space
)

// makeID returns a 19-digit id, above 2^53 and below 2^63 like Douyin's. Two
// ids are equal only if every part is: kind below 100, payee below 100,000,
// day modulo 100,000 and slot below 1,000,000.
func makeID(seed uint64, kind int, payee int, day int64, slot int) string {
	n := uint64((day%100_000+100_000)%100_000)*1e13 + uint64(payee)*1e8 + uint64(slot)*100 + uint64(kind)
	high, low := bits.Mul64(n, idPrime)
	_, n = bits.Div64(high, low, idSpace)
	n = (n + dice(seed, word("ids"))%idSpace) % idSpace
	return strconv.FormatUint(7*idSpace+n, 10)
}

// idInverse undoes the multiplication by idPrime.
var idInverse = new(big.Int).ModInverse(big.NewInt(idPrime), big.NewInt(idSpace)).Uint64()

// readID returns the parts of an id of makeID. Other ids of the same form have parts,
// too, and need not identify anything.
func readID(seed uint64, id string) (kind int, payee int, day int64, slot int, ok bool) {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil || n/idSpace != 7 {
		return 0, 0, 0, 0, false
	}
	n = (n%idSpace + idSpace - dice(seed, word("ids"))%idSpace) % idSpace
	high, low := bits.Mul64(n, idInverse)
	_, n = bits.Div64(high, low, idSpace)
	return int(n % 100), int(n / 1e8 % 1e5), int64(n / 1e13), int(n / 100 % 1e6), true
}

const (
	externalPrefix  = "ext-"
	tradePrefix     = "ot"
	outSettlePrefix = "out_settle_"
)
