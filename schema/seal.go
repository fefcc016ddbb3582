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

// A sealed manifest ends in sealStart, the seal and sealEnd.
const (
	sealStart = "\"seal\": \""
	sealEnd   = "\"\n}\n"
)

// Encode seals the manifest and returns it as indented JSON, the same for the
// same manifest.
func (m *Manifest) Encode() ([]byte, error) {
	m.Seal = ""
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(m); err != nil {
		return nil, err
	}
	m.Seal = HashOf(out.Bytes())
	open, sealed := bytes.CutSuffix(out.Bytes(), []byte(sealEnd))
	if !sealed {
		panic("schema: the seal is not the manifest's last field")
	}
	return append(open, m.Seal+sealEnd...), nil
}

// DecodeManifest decodes a manifest of the version that this billwalk knows. A text that is
// not JSON, or whose seal does not fit its bytes, is ErrManifest. A manifest without a seal,
// from an older billwalk, is accepted.
func DecodeManifest(data []byte) (*Manifest, error) {
	if err := checkLists(data, unitMemory); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrManifest, err)
	}
	if err := CheckVersion(data, ManifestVersion); err != nil {
		return nil, err
	}
	m := new(Manifest)
	if err := json.Unmarshal(data, m); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrManifest, err)
	}
	if m.Seal == "" {
		return m, nil
	}
	open, found := bytes.CutSuffix(data, []byte(sealStart+m.Seal+sealEnd))
	if !found || HashOf(append(bytes.Clone(open), sealStart+sealEnd...)) != m.Seal {
		return nil, fmt.Errorf("%w: its seal does not fit its bytes", ErrManifest)
	}
	return m, nil
}

// HashOf returns the SHA-256 of data, hex, as manifests, certificates and the
// archive's metadata have it.
func HashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
