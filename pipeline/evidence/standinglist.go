package evidence

import (
	"encoding/binary"
	"errors"
	"sort"

	"billwalk/pipeline/spill"
	"billwalk/schema"
)

const (
	standingMemory = 16 << 20 // bytes of standings that are sorted at a time
	standingSize   = 16 + 4 + 2 + 1
	standingPage   = 64 * standingSize
)

// standingList has the settlements of the published days, by settle_id, day and bucket. A lake
// has more of them every night, so they are on local disk: in memory is where each page begins.
type standingList struct {
	pages *spill.Records // each full but the last
	first []uint64       // the beginning of the first id of each
	size  int64          // bytes of all
}

// standingSorter sorts standings into a list.
type standingSorter struct{ sorter *spill.Sorter }

func newStandingSorter() standingSorter {
	return standingSorter{spill.NewSorter("standings", standingMemory)}
}

func (s standingSorter) add(one standing) error {
	var memory [standingSize]byte
	record := one.appendTo(memory[:0])
	return s.sorter.Add(record[:len(record)-1], record[len(record)-1:])
}

func (s standingSorter) list() (l *standingList, err error) {
	l = new(standingList)
	if l.pages, err = spill.NewRecords("standings"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.sorter.Close()) }()
	var page []byte
	for record, err := range s.sorter.Sorted() {
		if err != nil {
			return l, err
		}
		if page = append(append(page, record.Key...), record.Value...); len(page) < standingPage {
			continue
		}
		if err := l.addPage(page); err != nil {
			return l, err
		}
		page = page[:0]
	}
	return l, l.addPage(page)
}

func (l *standingList) addPage(page []byte) error {
	if len(page) == 0 {
		return nil
	}
	_, err := l.pages.Add(page)
	l.first, l.size = append(l.first, binary.BigEndian.Uint64(page)), l.size+int64(len(page))
	return err
}

// none reports whether no settlement is published.
func (l *standingList) none() bool { return l == nil || l.size == 0 }

// of returns where a settlement stands, by day.
func (l *standingList) of(id idHash) (all []standing, err error) {
	if l.none() {
		return nil, nil
	}
	begin := binary.BigEndian.Uint64(id[:])
	at := sort.Search(len(l.first), func(i int) bool { return l.first[i] >= begin })
	for i := max(at-1, 0); i < len(l.first) && l.first[i] <= begin; i++ {
		offset := int64(i) * standingPage
		page, err := l.pages.Read(spill.Place{Offset: offset, Length: int32(min(standingPage, l.size-offset))})
		if err != nil {
			return nil, err
		}
		for ; len(page) > 0; page = page[standingSize:] {
			if idHash(page[:16]) == id {
				all = append(all, standingOf(page))
			}
		}
	}
	return all, nil
}

// close removes the local file.
func (l *standingList) close() {
	if l != nil {
		l.pages.Close()
	}
}

// appendTo appends a standing, so that the bytes of all but the last compare as standings do.
func (s standing) appendTo(to []byte) []byte {
	to = binary.BigEndian.AppendUint32(append(to, s.id[:]...), uint32(int32(s.day))^1<<31)
	to = binary.BigEndian.AppendUint16(to, uint16(s.bucket))
	var flags byte
	if s.succeeded {
		flags |= 1
	}
	if s.early {
		flags |= 2
	}
	return append(to, flags)
}

func standingOf(data []byte) standing {
	flags := data[22]
	return standing{
		id: idHash(data[:16]), day: schema.Day(int32(binary.BigEndian.Uint32(data[16:]) ^ 1<<31)), bucket: int16(binary.BigEndian.Uint16(data[20:])),
		succeeded: flags&1 != 0, early: flags&2 != 0,
	}
}
