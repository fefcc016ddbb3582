package shards

import (
	"context"
	"encoding/json"
	"fmt"

	"billwalk/schema"
)

// walked is what a run of a shard has found on a day.
type walked struct {
	RunID        string                `json:"run_id"`
	Day          schema.Day            `json:"bill_date"`
	Certificates []*schema.Certificate `json:"certificates"`
}

func (n *Night) walkedName(shard int, day schema.Day) string {
	return fmt.Sprintf("walked-%d/day-%03d.certificates", shard, int(day-n.From))
}

// PutWalked stores the certificates of the shard's units of a day. The other shards read this one
// object, where they would have to list and read the archive of each unit.
func (n *Night) PutWalked(ctx context.Context, day schema.Day, certificates []*schema.Certificate) error {
	data, err := json.Marshal(walked{n.RunID, day, certificates})
	if err != nil {
		return err
	}
	return n.put(ctx, n.walkedName(n.Shard.Index, day), data)
}

// PeerWalked returns the certificates of another shard's units of a day, and whether it has told
// them in this night.
func (n *Night) PeerWalked(ctx context.Context, peer int, day schema.Day) (certificates []*schema.Certificate, told bool, err error) {
	p := n.peers[peer]
	if !n.sameNight(&p.state) {
		return nil, false, nil
	}
	data, _, err := n.Open(n.walkedName(peer, day)).Load(ctx)
	if err != nil {
		return nil, false, err
	}
	var w walked
	if json.Unmarshal(data, &w) != nil || w.RunID != p.RunID || w.Day != day {
		return nil, false, nil // of another night, or of a run that was cut
	}
	return w.Certificates, true, nil
}

// PassWalked is Pass of a day's walk, after which so many queries are likely, in proportion.
func (n *Night) PassWalked(ctx context.Context, what string, day schema.Day, queries int64) error {
	n.mu.Lock()
	if n.state.Queries == nil {
		n.state.Queries = make(map[schema.Day]int64)
	}
	n.state.Queries[day] = queries
	n.mu.Unlock()
	return n.Pass(ctx, what)
}

// Queries returns how many queries each shard has told to be likely on a day, by its index.
func (n *Night) Queries(day schema.Day) []int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	queries := make([]int64, n.Shard.Count)
	queries[n.Shard.Index] = n.state.Queries[day]
	for i, p := range n.peers {
		if n.sameNight(&p.state) {
			queries[i] = p.Queries[day]
		}
	}
	return queries
}
