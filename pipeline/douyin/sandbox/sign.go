package sandbox

import (
	"cmp"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
)

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
