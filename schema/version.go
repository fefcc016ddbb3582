package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// ErrVersion reports an object that another version of billwalk wrote, in a form that this
// one does not read.
var ErrVersion = errors.New("use a newer one")

// CheckVersion refuses a JSON object that billwalk wrote, if its version is none of the known ones.
// It looks at no other field, because those of a newer version may be anything, and accepts
// a text that is not JSON.
func CheckVersion(data []byte, known ...int) error {
	var object struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(data, &object); err == nil && !slices.Contains(known, object.Version) {
		return fmt.Errorf("it has version %d, this billwalk reads %d: %w", object.Version, slices.Max(known), ErrVersion)
	}
	return nil
}
