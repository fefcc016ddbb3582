package receive

import "time"

// Limits of a request.
const (
	maxBody    = 64 << 10 // bytes of a request's body
	usualBody  = 8 << 10  // bytes; a callback has about 700
	maxServing = 4096     // concurrent requests that are verified or stored
	maxLarge   = 256      // concurrent requests with a body longer than usualBody or of unknown length

	maxAhead = 10 * time.Minute // a later timestamp is refused
	maxAge   = 48 * time.Hour   // an older callback is quarantined; the platform repeats one for about 26 hours
	maxNonce = 128              // characters
)
