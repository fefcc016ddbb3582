package shards

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"billwalk/pipeline/swap"
	"billwalk/schema"
)

// PutIDs stores the ids by which a partition's orders are known, sorted, for the other shards.
// They replace those of an earlier night.
func (n *Night) PutIDs(ctx context.Context, at schema.Partition, ids []uint64) error {
	data := make([]byte, 0, 8*len(ids))
	for _, id := range ids {
		data = binary.LittleEndian.AppendUint64(data, id)
	}
	l := list{Day: at.Day, Bucket: at.Bucket, IDs: len(ids), Name: fmt.Sprintf("bucket-%03d/day-%03d.ids", at.Bucket, int(at.Day-n.From))}
	if len(ids) == 0 {
		return nil
	}
	if err := n.put(ctx, l.Name, data); err != nil {
		return fmt.Errorf("ids of day %s, bucket %d for the other shards: %w", at.Day, at.Bucket, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.state.Lists = append(slices.DeleteFunc(n.state.Lists, func(o list) bool { return o.Name == l.Name }), l) // stored with the next change
	return nil
}

// put stores what the shard tells the others under a name of its own.
func (n *Night) put(ctx context.Context, name string, data []byte) error {
	return swap.Change(ctx, n.Open(name), func([]byte) ([]byte, error) { return data, nil })
}

// PeerIDs calls found with the ids of each partition of the other shards, as far as these are.
func (n *Night) PeerIDs(ctx context.Context, found func(at schema.Partition, ids []uint64) error) error {
	for _, i := range n.Peers {
		if !n.sameNight(&n.peers[i].state) {
			continue
		}
		for _, l := range n.peers[i].Lists {
			data, _, err := n.Open(l.Name).Load(ctx)
			if err != nil {
				return err
			}
			if len(data) != 8*l.IDs {
				continue // it is being replaced, by a run that has begun again
			}
			ids := make([]uint64, l.IDs)
			for k := range ids {
				ids[k] = binary.LittleEndian.Uint64(data[8*k:])
			}
			if err := found(schema.Partition{Day: l.Day, Bucket: l.Bucket}, ids); err != nil {
				return err
			}
		}
	}
	return nil
}
