package sandbox

import (
	"bytes"
	"cmp"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
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

// outgoing is a callback to be sent.
type outgoing struct {
	*settlement
	legacy bool
	logid  string
}

// signedRequest is a request that is ready to be sent.
type signedRequest struct {
	url    string
	header http.Header
	body   []byte
}

// newOutgoing decides whether the callback is an old-style one, like all of its order.
func (d *delivery) newOutgoing(s *settlement) *outgoing {
	p := d.platform
	legacy := dice(p.config.Seed, word("legacy"), word(cmp.Or(s.orderID, s.settleID)))%100 < uint64(max(0, d.Legacy))
	return &outgoing{s, legacy && !d.LegacyToken.Empty(), logID(s.ownDay(), d.chance(s, "logid"))}
}

// sign returns the signed request of the callback, with its fields rotated.
func (d *delivery) sign(c *outgoing, rotation int) signedRequest {
	timestamp, nonce := d.now(), rand.Text()
	if c.legacy {
		return d.address(c, d.platform.world.legacyBody(c.settlement, d.LegacyToken.Reveal(), timestamp, nonce))
	}
	out := d.address(c, d.platform.world.callbackBody(c.settlement, rotation))
	out.sign(d.Key, timestamp, nonce)
	return out
}

func (d *delivery) now() string { return strconv.FormatInt(d.platform.config.Now().Unix(), 10) }

// address returns the request without a signature in its headers.
func (d *delivery) address(c *outgoing, body []byte) signedRequest {
	out := signedRequest{url: d.URL, header: http.Header{}, body: body}
	if target, err := url.Parse(out.url); err == nil {
		out.header.Set("Byte-Identifyname", target.Path)
	}
	out.header.Set("Content-Type", "application/json")
	out.header.Set("Byte-Logid", c.logid)
	return out
}

// sign signs the request as in version 2.0: RSA (PKCS #1 v1.5) and SHA-256 over
// timestamp, nonce and body, each followed by a line feed.
func (s *signedRequest) sign(key *rsa.PrivateKey, timestamp, nonce string) {
	sum := sha256.Sum256([]byte(timestamp + "\n" + nonce + "\n" + string(s.body) + "\n"))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err) // cannot happen: a key of 2048 bits can sign any hash
	}
	s.header.Set("Byte-Timestamp", timestamp)
	s.header.Set("Byte-Nonce-Str", nonce)
	s.header.Set("Byte-Signature", base64.StdEncoding.EncodeToString(signature))
}

// forged returns the callback with a wrong signature, in one of several ways.
func (d *delivery) forged(c *outgoing) signedRequest {
	way := d.chance(c.settlement, "forged")
	world, timestamp, nonce := d.platform.world, d.now(), rand.Text()
	if c.legacy {
		return d.address(c, world.legacyBody(c.settlement, "not the token", timestamp, nonce))
	}
	out := d.sign(c, 0)
	switch way % 6 {
	case 0: // another body
		out.body[way/6%uint64(len(out.body))] ^= 1
	case 1: // another key
		out.sign(d.foreign, timestamp, nonce)
	case 2:
		out.header.Del("Byte-Signature")
	case 3:
		out.header.Del("Byte-Timestamp")
	case 4:
		out.header.Del("Byte-Nonce-Str")
	default: // signed as an old-style callback, but with version 2.0
		return d.address(c, legacyEnvelope(world.message(c.settlement), d.LegacyToken.Reveal(), timestamp, nonce, field{"version", "2.0"}))
	}
	return out
}
