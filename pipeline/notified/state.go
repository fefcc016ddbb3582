package notified

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// Key names a state.
type Key struct {
	SettleID string
	Item     string // "" where the callbacks name none
}

// KeyOf returns the state that a callback is of.
func KeyOf(n *normalise.Notice) Key {
	return Key{n.Settlement.SettleID, n.Settlement.ItemOrderID.V}
}

// Mark orders the callbacks of one key. It is small: of most callbacks nothing
// else is kept in memory.
type Mark struct {
	At        int64             // the event, unix microseconds; 0 where it is not known
	Rank      int8              // of the status
	Digest    [sha256.Size]byte // of the content
	Received  int64             // unix microseconds
	LogID     uint64            // stands for it: of two deliveries at one time, the smaller counts
	Contested bool              // another content tells of the same moment and rank
}

// MarkOf returns the mark of one callback.
func MarkOf(n *normalise.Notice) Mark {
	m := Mark{Digest: n.Digest, Received: n.Settlement.FetchedAt.UnixMicro(), LogID: logID(n)}
	if at := n.Settlement.SettleTime; at.Valid {
		m.At = at.V.UnixMicro()
	}
	switch n.Settlement.Status {
	case schema.StatusSuccess:
		m.Rank = 2
	case schema.StatusFail:
		m.Rank = 1
	}
	return m
}

func logID(n *normalise.Notice) uint64 {
	sum := sha256.Sum256([]byte(n.Settlement.LogID.V))
	return binary.BigEndian.Uint64(sum[:])
}

// With returns the mark of both: the greater, and of equal contents the one that
// was received first. It is commutative, associative and idempotent.
func (m Mark) With(other Mark) Mark {
	moment := cmp.Or(cmp.Compare(m.At, other.At), cmp.Compare(m.Rank, other.Rank))
	content := bytes.Compare(other.Digest[:], m.Digest[:])
	contested := m.Contested || other.Contested || content != 0
	switch {
	case moment > 0:
		return m
	case moment < 0:
		return other
	case cmp.Or(content, cmp.Compare(m.Received, other.Received), cmp.Compare(m.LogID, other.LogID)) > 0:
		m = other
	}
	m.Contested = contested
	return m
}

// Same says that the two are the same callback, or deliveries of it at one time.
func (m Mark) Same(other Mark) bool {
	m.Contested = other.Contested
	return m == other
}

// State is what the callbacks of one key come to.
type State struct {
	normalise.Notice
	Contested  bool   // other content tells of the same moment
	Record     string // the callback's body
	ArchiveKey string
}
