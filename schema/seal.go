package schema

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// ErrManifest reports that a manifest's bytes are not those that were sealed.
var ErrManifest = errors.New("the manifest is damaged")

// A sealed manifest ends in the start of its seal, the seal and the end.
type sealForm struct{ start, end string }

var (
	sealOnLine   = sealForm{`"seal":"`, "\"}\n"}
	sealIndented = sealForm{`"seal": "`, "\"\n}\n"} // of version 1
)

// Encode seals the manifest and returns it as JSON on one line, the same for the same manifest. It
// is of this version then.
func (m *Manifest) Encode() ([]byte, error) {
	m.Version, m.Seal = ManifestVersion, ""
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(m); err != nil {
		return nil, err
	}
	m.Seal = HashOf(out.Bytes())
	open, sealed := bytes.CutSuffix(out.Bytes(), []byte(sealOnLine.end))
	if !sealed {
		panic("schema: the seal is not the manifest's last field")
	}
	return append(open, m.Seal+sealOnLine.end...), nil
}

// DecodeManifest decodes a manifest of a version that this billwalk knows. A text that is
// not JSON, or whose seal does not fit its bytes, is ErrManifest. A manifest without a seal,
// from an older billwalk, is accepted.
func DecodeManifest(data []byte) (*Manifest, error) {
	if err := checkLists(data, unitMemory); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrManifest, err)
	}
	if err := CheckVersion(data, 1, ManifestVersion); err != nil {
		return nil, err
	}
	m := new(Manifest)
	if err := json.Unmarshal(data, m); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrManifest, err)
	}
	if m.Seal == "" {
		return m, nil
	}
	form := sealOnLine
	if m.Version == 1 {
		form = sealIndented
	}
	if !form.fits(data, m.Seal) {
		return nil, fmt.Errorf("%w: its seal does not fit its bytes", ErrManifest)
	}
	return m, nil
}

// fits reports whether data ends in the seal, and without it has that hash.
func (f sealForm) fits(data []byte, seal string) bool {
	open, found := bytes.CutSuffix(data, []byte(f.start+seal+f.end))
	return found && HashOf(append(bytes.Clone(open), f.start+f.end...)) == seal
}

// HashOf returns the SHA-256 of data, hex, as manifests, certificates and the
// archive's metadata have it.
func HashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
