package receive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Ask sends a request without a signature to the receiver at base, as a stranger would, and
// returns why callbacks of the app would not be received there, or nil: a receiver that is
// ready refuses the request for its signature. The path of a callback may be part of base.
func Ask(ctx context.Context, through http.RoundTripper, base, app string) error {
	address := strings.TrimRight(base, "/")
	if !strings.HasSuffix(address, path+app) {
		address += path + app
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(`{"version":"2.0"}`))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	client := http.Client{Transport: through, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 4<<10))
	if err != nil {
		return err
	}
	given := func(r *refusal) bool { return response.StatusCode == r.status && bytes.Equal(body, r.answer) }
	switch {
	case given(errNoTimestamp), given(errNoNonce), given(errNoSignature):
		return nil
	case given(errPath):
		return errors.New("the receiver there has no such app: its jobs.yaml is another one, or its app has no callbacks")
	case given(errNotReady):
		return errors.New("the receiver there is not ready: it does not reach its store")
	default:
		return fmt.Errorf("status %d, and not the answer of billwalk receive: another server, or a proxy, answers at this address", response.StatusCode)
	}
}
