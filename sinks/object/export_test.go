package object

// Below opens what Open does for a prefix, over a store in memory.
func Below(store Store, prefix string) Store { return prefixed{store, prefix + "/"} }

// InParts makes an S3 store send objects larger than n bytes in parts of n.
func InParts(store Store, n int64) Store {
	if p, ok := store.(prefixed); ok {
		return prefixed{InParts(p.store, n), p.prefix}
	}
	b := *store.(*bucket)
	b.partSize = n
	return &b
}
