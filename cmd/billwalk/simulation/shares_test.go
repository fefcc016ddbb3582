package simulation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"time"

	"billwalk/schema"
)

// shareChange is when some settlements change.
type shareChange struct {
	at   time.Duration // since the beginning
	kind shareKind
	part uint64 // one settlement in so many
}

// shareKind is how a settlement changes.
type shareKind string

const (
	cameLate shareKind = "late"      // it is not there before; so an order with several is paid in parts
	underWay shareKind = "under way" // it is PROCESSING before
	hadAFail shareKind = "failed"    // another try FAILed, and this one is not there before
)

var shareKinds = []shareKind{cameLate, underWay, hadAFail}

// made says that a change is in force at the time.
func (c shareChange) made(at time.Time) bool { return !at.Before(firstMorning.Add(c.at)) }

// drawShares plans how settlements change, and which bills move between the walks of
// a root account and of its store.
func (s *story) drawShares(first, last schema.Day) {
	r := rand.New(rand.NewPCG(s.seed, 1)) // of its own, so that the rest of a seed's story stays as it was
	moment := func() time.Duration {
		return time.Duration(r.Int64N(int64(pick(r, time.Minute, 10*time.Minute, 8*time.Hour))))
	}
	if s.job.settlements && r.IntN(2) == 0 {
		for range 1 + r.IntN(3) {
			s.shares = append(s.shares, shareChange{at: moment(), kind: pick(r, shareKinds...), part: uint64(1 + r.IntN(4))})
		}
		// What a run asked that was cut is not asked for again just after.
		s.last.after = 7 * time.Hour
	}
	beside := len(s.accounts) > 1 && !s.accounts[0].Root && s.accounts[1].Root // a root account and its store
	if beside && r.IntN(4) > 0 {
		s.job.buckets = pick(r, 1, 2, 5, 5)
		s.changes = append(s.changes, change{
			at: moment(), back: pick(r, 0, 0, time.Hour), day: first + schema.Day(r.IntN(int(last-first)+1)),
			part: uint64(1 + r.IntN(4)), come: r.IntN(2) == 0, move: true,
		})
		for i := range s.runs {
			s.runs[i].shrink = true
		}
	}
}

// share returns the changes that concern a settlement.
func (p *shifting) share(settleID string) (changes []shareChange) {
	for i, c := range p.story.shares {
		if dice(p.story.seed, "share", i, settleID)%c.part == 0 {
			changes = append(changes, c)
		}
	}
	return changes
}

// settleIDs finds the settle_id of a record, which is a text or a number.
var settleIDs = regexp.MustCompile(`"settle_id":"?([^",}]+)`)

// settlements changes the sandbox's answer to a query: it is as of now.
func (p *shifting) settlements(a answer) answer {
	var body struct {
		Data  []json.RawMessage `json:"data"`
		Extra json.RawMessage   `json:"extra"`
	}
	if len(p.story.shares) == 0 || json.Unmarshal(a.body, &body) != nil || len(body.Data) == 0 {
		return a
	}
	var now [][]byte
	for _, raw := range body.Data {
		records, kinds := p.asOfNow(raw)
		now = append(now, records...)
		a.changed = append(a.changed, kinds...)
	}
	a.body = fmt.Appendf(nil, `{"data":[%s],"extra":%s}`, bytes.Join(now, []byte(",")), body.Extra)
	return a
}

// asOfNow returns what there is of a settlement now: itself, and the try that failed.
func (p *shifting) asOfNow(raw []byte) (records [][]byte, kinds []shareKind) {
	found := settleIDs.FindSubmatchIndex(raw)
	success := []byte(`"settle_status":"SUCCESS"`)
	if found == nil || !bytes.Contains(raw, success) {
		return [][]byte{raw}, nil
	}
	id, there := string(raw[found[2]:found[3]]), true
	become := func(raw []byte, status string) []byte {
		return bytes.Replace(raw, success, []byte(`"settle_status":"`+status+`"`), 1)
	}
	record := raw
	for _, c := range p.share(id) {
		if c.kind == hadAFail {
			failed := slices.Concat(raw[:found[2]], []byte(failedTry(id)), raw[found[3]:])
			records = append(records, become(failed, "FAIL"))
		}
		if c.made(time.Now()) {
			continue
		}
		kinds = append(kinds, c.kind)
		if c.kind == underWay {
			record = become(raw, "PROCESSING")
		} else {
			there = false
		}
	}
	if there {
		records = append(records, record)
	}
	return slices.CompactFunc(records, bytes.Equal), kinds
}

// failedTry is the settle_id of a settlement's first try.
func failedTry(settleID string) string { return settleID + "0" }

// addTries adds the tries that failed to the settlements of a day, by settle_id.
func (p *shifting) addTries(settlements map[string]string) {
	for id, text := range maps.Clone(settlements) {
		amount, success := strings.CutPrefix(text, "SUCCESS ")
		if success && slices.ContainsFunc(p.share(id), func(c shareChange) bool { return c.kind == hadAFail }) {
			settlements[failedTry(id)] = "FAIL " + amount
		}
	}
}
