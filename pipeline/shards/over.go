package shards

import (
	"context"
	"encoding/json"
	"maps"

	"billwalk/pipeline/swap"
)

const nightName = "night.json"

// End notes how the shard's run ended, so that no other shard waits for it. The last shard of a
// night to end, and it alone, gets how all of them ended, by index; others get nothing.
func (n *Night) End(ctx context.Context, exitCode int) (all map[int]Ended, err error) {
	own := Ended{exitCode, n.RunID}
	if err := n.store(ctx, func(s *state) { s.Ended = &own }); err != nil {
		return nil, err
	}
	all = map[int]Ended{n.Shard.Index: own}
	for _, i := range n.Peers {
		if err := n.look(ctx, i); err != nil {
			return nil, err
		}
		p := n.peers[i]
		if p.Ended == nil || !n.sameNight(&p.state) {
			return nil, nil
		}
		all[i] = *p.Ended
	}
	if first, err := n.close(ctx, all); !first || err != nil {
		return nil, err
	}
	return all, nil
}

// Done notes that nothing is left to do of the shard's part: a further run begins another night.
func (n *Night) Done(ctx context.Context) error {
	return n.store(ctx, func(s *state) { s.Done = true })
}

// over is what the last shard of a night notes.
type over struct {
	Shards map[int]Ended `json:"shards"`
	By     string        `json:"by"` // its run
}

// close notes that the night is over. It reports whether this shard is the first to note it.
func (n *Night) close(ctx context.Context, all map[int]Ended) (first bool, err error) {
	err = swap.Change(ctx, n.Open(nightName), func(data []byte) ([]byte, error) {
		var noted over
		if json.Unmarshal(data, &noted) == nil && maps.Equal(noted.Shards, all) {
			first = noted.By == n.RunID
			return data, nil
		}
		first = true
		return json.Marshal(over{all, n.RunID})
	})
	return first && err == nil, err
}

// Latest reports whether a run is the latest one of its shard in the nights that the objects are
// of. If it is, and its night is over, all says how the shards have ended.
func Latest(ctx context.Context, open func(name string) swap.Object, shard Shard, runID string) (all map[int]Ended, latest bool, err error) {
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
