package schema

import (
	"encoding/json"
	"fmt"
)

// CheckVersion refuses a JSON object that billwalk wrote, if its version is not the known one.
// It looks at no other field, because those of a newer version may be anything, and accepts
// a text that is not JSON.
func CheckVersion(data []byte, known int) error {
	var object struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(data, &object); err == nil && object.Version != known {
		return fmt.Errorf("it has version %d, this billwalk reads %d: use a newer one", object.Version, known)
	}
	return nil
}
