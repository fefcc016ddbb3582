package douyin

import "time"

// hold keeps the callers of an API waiting for an answer, of which now and then one is sent.
// The zero hold keeps none.
type hold struct {
	ended chan struct{} // closed by the answer; nil unless callers wait
	since time.Time
	next  time.Time // when a request may be sent
}

func (h *hold) on() bool { return h.ended != nil }

func (h *hold) begin(interval time.Duration) {
	now := time.Now()
	h.ended, h.since, h.next = make(chan struct{}), now, now.Add(interval)
}

// poll returns how long a caller must wait before it polls again, 0 if its request may be
// sent, and a channel that the answer closes. Once in an interval one caller may send.
func (h *hold) poll(interval time.Duration) (time.Duration, <-chan struct{}) {
	if !h.on() {
		return 0, nil
	}
	now := time.Now()
	pause := h.next.Sub(now)
	if pause <= 0 {
		h.next = now.Add(interval)
	}
	return pause, h.ended
}

// end lets the callers go on, and returns how long they have waited, or 0.
func (h *hold) end() time.Duration {
	if !h.on() {
		return 0
	}
	close(h.ended)
	h.ended = nil
	return time.Since(h.since)
}
