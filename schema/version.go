package schema

import (
	"encoding/json"
	"fmt"
)

// CheckVersion looks at the version of a JSON object that billwalk wrote, and at
// nothing else: a newer one may have anything in its other fields. One that cannot
// be read at all is left to the reader of the whole.
func CheckVersion(data []byte, known int) error {
	var object struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(data, &object); err == nil && object.Version != known {
		return fmt.Errorf("it has version %d, this billwalk reads %d: use a newer one", object.Version, known)
	}
	return nil
}
