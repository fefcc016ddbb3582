package bench

// Results are what was measured, for programs to read.
type Results struct {
	Processors int        `json:"processors"`
	System     string     `json:"system"`
	Generated  []Measured `json:"generated"` // the runs that made the archives
	Compared   []Compared `json:"compared"`
}

// Compared is a comparison of one size, billwalk first.
type Compared struct {
	Title      string     `json:"title"`
	Rounds     int        `json:"rounds"`
	Contenders []Measured `json:"contenders"`
}

// Measured are the medians of a contender's turns.
type Measured struct {
	Name               string  `json:"name"`
	Rows               int64   `json:"rows"`
	WallSeconds        float64 `json:"wall_seconds"`
	CPUSeconds         float64 `json:"cpu_seconds"`
	PeakBytes          int64   `json:"peak_bytes"`
	BytesWritten       int64   `json:"bytes_written"`
	PlatformCPUSeconds float64 `json:"platform_cpu_seconds"` // of the platform beside it; 0 without one
}

func (c *comparison) result() Compared {
	result := Compared{Title: c.title, Rounds: len(c.contenders[0].turns)}
	for _, one := range c.contenders {
		result.Contenders = append(result.Contenders, one.median().result(one.name))
	}
	return result
}

func (m measure) result(name string) Measured {
	return Measured{name, m.rows, m.wall.Seconds(), m.cpu.Seconds(), m.peak, m.bytes, m.platform.Seconds()}
}
