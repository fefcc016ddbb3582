//go:build !crash

package cli

import "net/http"

// transport stands between the program and the network in a test build; here
// there is nothing.
var transport func(http.RoundTripper) http.RoundTripper
