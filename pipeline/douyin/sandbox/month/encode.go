package month

import (
	"encoding/json"
	"net/http"
)

func encode(o object) []byte {
	data, err := json.Marshal(o)
	if err != nil {
		panic(err) // cannot happen: texts and numbers only
	}
	return data
}

type object = map[string]any

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(v) // fails only if the client has gone
}
