package evidence

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/spill"
	"billwalk/schema"
)

// callbackState is the latest callback of one settlement and item. It has no pointers, for there
// may be millions.
type callbackState struct {
	mark  mark
	place spill.Place // of the callback that counts
	index int32       // among the states
	day   schema.Day  // of the event
	ids   linkIDs
}

// stateKey is the settlement and the item of a state.
type stateKey struct{ settle, item idHash }

// compare orders states by settlement and item.
func (s *callbackState) compare(other *callbackState) int {
	return cmp.Or(bytes.Compare(s.ids.settle[:], other.ids.settle[:]), bytes.Compare(s.ids.item[:], other.ids.item[:]))
}

// near reports whether the event lies within so many days of one of the days.
func (s *callbackState) near(days []schema.Day, within schema.Day) bool {
	return slices.ContainsFunc(days, func(d schema.Day) bool { return max(d-s.day, s.day-d) <= within })
}

// callback is a state in full.
type callback struct {
	normalise.Callback
	Contested  bool   // another callback says otherwise of the same moment
	Record     string // the body
	ArchiveKey string
}

// mark decides which callback of a settlement and item counts.
type mark struct {
	event     int64             // unix microseconds; 0 where it is not known
	rank      int8              // of the status
	digest    [sha256.Size]byte // of the content
	received  int64             // unix microseconds
	logID     uint64            // stands for it: of two deliveries at one time, the smaller counts
	contested bool              // another content is of the same moment and rank
}

func markOf(n *normalise.Callback) mark {
	sum := sha256.Sum256([]byte(n.Settlement.LogID.V))
	m := mark{digest: n.Digest, received: n.Settlement.FetchedAt.UnixMicro(), logID: binary.BigEndian.Uint64(sum[:])}
	if event := n.Settlement.SettleTime; event.Valid {
		m.event = event.V.UnixMicro()
	}
	switch n.Settlement.Status {
	case schema.StatusSuccess:
		m.rank = 2
	case schema.StatusFail:
		m.rank = 1
	}
	return m
}

// merge returns the greater of two marks, and of equal contents the one that was
// received first. It is commutative, associative and idempotent.
func (m mark) merge(other mark) mark {
	moment := cmp.Or(cmp.Compare(m.event, other.event), cmp.Compare(m.rank, other.rank))
	content := bytes.Compare(other.digest[:], m.digest[:])
	contested := m.contested || other.contested || content != 0
	switch {
	case moment > 0:
		return m
	case moment < 0:
		return other
	case cmp.Or(content, cmp.Compare(m.received, other.received), cmp.Compare(m.logID, other.logID)) > 0:
		m = other
	}
	m.contested = contested
	return m
}

// sameDelivery reports whether both are of one callback, or of deliveries of it at one
// time.
func (m mark) sameDelivery(other mark) bool {
	m.contested = other.contested
	return m == other
}
