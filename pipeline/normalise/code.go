package normalise

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"billwalk/schema"
)

// CodePolicy appends to a text what the tables have for a coupon code (券码), which is a
// bearer secret until it is used. It must append the same for the same code.
type CodePolicy func(to, code []byte) []byte

// KeepCode keeps codes as they are.
func KeepCode(to, code []byte) []byte { return append(to, code...) }

// HashCode replaces codes by their HMAC-SHA256 under key, in hex: equal codes stay equal,
// and without the key nobody can find a code by trying all.
func HashCode(key schema.Secret) CodePolicy {
	type keyed struct {
		hash.Hash // made once, because the key costs as much as a code
		sum       [sha256.Size]byte
	}
	macs := sync.Pool{New: func() any { return &keyed{Hash: hmac.New(sha256.New, []byte(key.Reveal()))} }}
	return func(to, code []byte) []byte {
		mac := macs.Get().(*keyed)
		defer macs.Put(mac)
		mac.Reset()
		mac.Write(code)
		return hex.AppendEncode(to, mac.Sum(mac.sum[:0]))
	}
}

func (n Normaliser) code(code schema.Null[string]) schema.Null[string] {
	if !code.Valid || n.Code == nil {
		return schema.Null[string]{}
	}
	return schema.Some(string(n.Code(nil, []byte(code.V))))
}

// redact returns the raw record as valid text with its coupon code as by the policy, so that
// the table of exceptions shows no more of it than the table of bills.
func (n Normaliser) redact(r Record) string {
	if !r.wire.Code.Valid {
		return string(r.text())
	}
	replacement := jsontext.Null
	if code := n.code(r.wire.Code.Null); code.Valid {
		replacement = jsontext.String(code.V)
	}
	var out bytes.Buffer
	dec, enc := jsontext.NewDecoder(bytes.NewReader(r.text())), jsontext.NewEncoder(&out)
	if err := copyReplacing(enc, dec, "code", replacement); err != nil {
		// The record was decoded before.
		panic("normalise: record is not an object: " + err.Error())
	}
	return string(bytes.TrimSuffix(out.Bytes(), []byte("\n")))
}

// copyReplacing copies a JSON object and replaces the value of the member name.
func copyReplacing(enc *jsontext.Encoder, dec *jsontext.Decoder, name string, replacement jsontext.Token) error {
	if err := copyToken(enc, dec); err != nil {
		return err
	}
	for dec.PeekKind() != jsontext.KindEndObject {
		member, err := dec.ReadToken()
		if err != nil {
			return err
		}
		replace := member.String() == name
		if err := enc.WriteToken(member); err != nil {
			return err
		}
		value, err := dec.ReadValue()
		if err != nil {
			return err
		}
		if replace {
			err = enc.WriteToken(replacement)
		} else {
			err = enc.WriteValue(value)
		}
		if err != nil {
			return err
		}
	}
	return copyToken(enc, dec)
}

func copyToken(enc *jsontext.Encoder, dec *jsontext.Decoder) error {
	token, err := dec.ReadToken()
	if err != nil {
		return err
	}
	return enc.WriteToken(token)
}
