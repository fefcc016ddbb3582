package receive

import (
	"github.com/prometheus/client_golang/prometheus"

	"billwalk/schema"
)

// app is an App in use.
type app struct {
	name     string
	keys     *keyring
	token    schema.Secret
	verified prometheus.Counter                            // by the token
	received map[schema.SignatureScheme]prometheus.Counter // requests, by scheme, acknowledged or not
}
