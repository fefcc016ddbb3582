package evidence

import (
	"bytes"
	"encoding/json"

	"billwalk/schema"
)

// An entry of a local file is a line of JSON, which lacks the body, and the body as it
// was received.

// answerEntry is the line of an answer.
type answerEntry struct {
	schema.SettleAnswer
	Key string
}

func encodeAnswer(a schema.SettleAnswer) ([]byte, error) {
	body := a.Body
	a.Body = nil
	return encodeEntry(answerEntry{a, a.Key}, body)
}

func decodeAnswer(data []byte) (schema.SettleAnswer, error) {
	var entry answerEntry
	body, err := decodeEntry(data, &entry)
	entry.SettleAnswer.Body, entry.SettleAnswer.Key = body, entry.Key
	return entry.SettleAnswer, err
}

// callbackEntry is the line of a callback.
type callbackEntry struct {
	schema.Callback
	Key string
}

func encodeCallback(c *schema.Callback) ([]byte, error) {
	return encodeEntry(callbackEntry{*c, c.Key}, c.Body)
}

func decodeCallback(data []byte) (schema.Callback, error) {
	var entry callbackEntry
	body, err := decodeEntry(data, &entry)
	entry.Callback.Body, entry.Callback.Key = body, entry.Key
	return entry.Callback, err
}

func encodeEntry(line any, body []byte) ([]byte, error) {
	data, err := json.Marshal(line)
	if err != nil {
		return nil, err
	}
	return append(append(data, '\n'), body...), nil
}

func decodeEntry(data []byte, line any) (body []byte, err error) {
	head, body, _ := bytes.Cut(data, []byte{'\n'})
	return body, json.Unmarshal(head, line)
}
