package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// maxTries is the number of times that the platform sends a callback.
const maxTries = 20

// retryGaps are the times between tries; the last one is repeated.
var retryGaps = []time.Duration{
	15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute,
	16 * time.Minute, 32 * time.Minute, 64 * time.Minute, 128 * time.Minute,
}

// gap returns the pause after so many tries.
func (d *delivery) gap(tries int) time.Duration {
	return retryGaps[min(tries, len(retryGaps))-1] / time.Duration(d.Speed)
}

// post sends the callback until it is acknowledged, and reports whether it was. Most
// tries have a new signature, some that of the try before.
func (d *delivery) post(ctx context.Context, c *outgoing, rotation int) bool {
	var request signedRequest
	for try := range maxTries {
		if try > 0 && !pause(ctx, d.gap(try)) {
			return false
		}
		if try == 0 || d.chance(c.settlement, "signed again")>>try%4 > 0 {
			request = d.sign(c, rotation)
		}
		d.count(func(r *Report) { r.Tries++ })
		if acknowledged, err := d.send(ctx, request); err == nil && acknowledged {
			return true
		}
		if ctx.Err() != nil {
			return false
		}
	}
	return false
}

// forge sends the callback once with a wrong signature.
func (d *delivery) forge(ctx context.Context, c *outgoing) {
	acknowledged, err := d.send(ctx, d.forged(c))
	d.count(func(r *Report) {
		r.Forged++
		if acknowledged {
			r.WrongAccepted++
		} else if err == nil {
			r.Refused++
		}
	})
}

// send posts the request, and reports whether the answer is an acknowledgement: 200
// with err_no 0 and err_tips "success". Without an answer it returns an error.
func (d *delivery) send(ctx context.Context, s signedRequest) (acknowledged bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(s.body))
	if err != nil {
		return false, err
	}
	request.Header = s.header
	response, err := d.Client.Do(request)
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 4<<10))
	if err != nil {
		return false, err
	}
	var answer struct {
		ErrNo   *int   `json:"err_no"`
		ErrTips string `json:"err_tips"`
	}
	read := json.Unmarshal(body, &answer) == nil && answer.ErrNo != nil
	return response.StatusCode == http.StatusOK && read && *answer.ErrNo == 0 && answer.ErrTips == "success", nil
}
