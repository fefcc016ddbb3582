package object

// Below opens what Open does for a prefix, over a store in memory.
func Below(store Store, prefix string) Store { return prefixed{store, prefix + "/"} }
