package cli

import (
	"context"
	"net/http"

	"github.com/oklog/ulid/v2"

	"billwalk/pipeline/douyin"
	"billwalk/pipeline/jobs"
	"billwalk/sinks/object"
)

// outside is what a run meets beyond its own process. The zero value is the real
// world; a simulation has another, and decides there what becomes of every call.
type outside struct {
	store  object.Store    // nil opens the lake's URL
	client []douyin.Option // of each client
	runID  func() string   // nil makes ULIDs
}

// openStore opens the store that holds the lake.
func (o *outside) openStore(ctx context.Context, lake jobs.Lake) (object.Store, error) {
	if o.store != nil {
		return o.store, nil
	}
	return openStore(ctx, lake, transport)
}

// openStore opens the store at the lake's URL. Its requests to S3 pass the transport.
func openStore(ctx context.Context, lake jobs.Lake, transport func(http.RoundTripper) http.RoundTripper) (object.Store, error) {
	return object.Open(ctx, lake.URL, object.S3Options{
		Endpoint: lake.Endpoint, Region: lake.Region, PathStyle: lake.PathStyle, Transport: transport,
	})
}

// openStore opens the store that holds the lake. Its errors are shown without what is
// hidden, wherever they are stored or printed.
func (p *program) openStore(ctx context.Context, lake jobs.Lake) (object.Store, error) {
	store, err := p.world.openStore(ctx, lake)
	if err != nil || p.world.store != nil {
		return store, err
	}
	return object.Hiding(store, p.hidden.Text), nil
}

// process names this process; simulated ones share one, and have no name.
func (o *outside) process() string {
	if o.store != nil {
		return ""
	}
	return processName()
}

// newRunID names a run.
func (o *outside) newRunID() string {
	if o.runID != nil {
		return o.runID()
	}
	return ulid.Make().String()
}
