package shards

import (
	"context"
	"encoding/json"
)

// Latest reports whether a run is the latest one of its shard in the nights that the objects are
// of. If it is, and its night is over, all says how the shards have ended.
func Latest(ctx context.Context, open func(name string) Store, shard Shard, runID string) (all map[int]Ended, latest bool, err error) {
	data, _, err := open(stateName(shard.Index)).Load(ctx)
	if err != nil {
		return nil, false, err
	}
	var last state
	_ = json.Unmarshal(data, &last) // what cannot be read is of no night
	if last.RunID != runID {
		return nil, false, nil
	}
	data, _, err = open(nightName).Load(ctx)
	if err != nil {
		return nil, true, err
	}
	var noted over
	_ = json.Unmarshal(data, &noted)
	if noted.Shards[shard.Index].RunID != runID {
		return nil, true, nil
	}
	return noted.Shards, true, nil
}
