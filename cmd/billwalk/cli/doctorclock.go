package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"billwalk/schema"
)

const (
	skewDoubted = time.Minute      // signatures and tokens still hold, day ends are off
	skewBroken  = 10 * time.Minute // S3 refuses signatures at 15
	fixClock    = "校准本机时钟(NTP); set this machine's clock, by NTP"
)

// clock compares this machine's clock with those of the servers that were asked.
func (d *doctor) clock() {
	if len(d.skews) == 0 {
		d.unchecked("clock", "no server told the time")
		return
	}
	var worst time.Duration
	var clocks []string
	for _, host := range slices.Sorted(maps.Keys(d.skews)) {
		skew := d.skews[host]
		worst = max(worst, skew.Abs())
		clocks = append(clocks, aheadOf(skew)+" "+host)
	}
	s, fix, code := stateOK, "", schema.ErrorCode("")
	switch {
	case worst >= skewBroken:
		s, fix, code = stateFailed, fixClock, schema.CodeClock
	case worst >= skewDoubted:
		s, fix, code = stateWarning, fixClock, schema.CodeClock
	}
	d.add("clock", s, "this machine is "+strings.Join(clocks, ", ")+"; "+daysAt(d.now()), fix, code)
}

// daysAt says of which day a run would be now, as the schedule of a CronJob is not seen from
// here.
func daysAt(now time.Time) string {
	return fmt.Sprintf("it is %s in China (Asia/Shanghai), where a run without --from is of %s and its lookback: start it there after the platform has the day's bills, whatever the time zone of the machine or the CronJob",
		now.In(schema.China).Format("2006-01-02 15:04"), schema.DayOf(now)-1)
}

// aheadOf says a difference of clocks. A server's date has whole seconds.
func aheadOf(skew time.Duration) string {
	switch s := skew.Truncate(time.Second); {
	case s.Abs() <= 2*time.Second:
		return "within 2s of"
	case s > 0:
		return s.String() + " ahead of"
	default:
		return s.Abs().String() + " behind"
	}
}
