package cli

import (
	"runtime"
	"testing"

	"billwalk/pipeline"
	"billwalk/pipeline/douyin"
	"billwalk/pipeline/shards"
)

// TestPartOfProcessors: a shard has its part of the processors while it makes calls, and all of them
// after that; one process, and a replay, always have all.
func TestPartOfProcessors(t *testing.T) { // not in parallel: it is of the whole process
	all := runtime.GOMAXPROCS(0)
	t.Setenv("GOMAXPROCS", "")
	shard := pipeline.Run{Shard: shards.Shard{Index: 1, Count: 2 * runtime.NumCPU()}}
	shard.Walk.Source = new(douyin.Client)
	one, replay := shard, shard
	one.Shard, replay.Walk.Source = shards.Shard{}, nil
	for name, tt := range map[string]struct {
		run  pipeline.Run
		want int
	}{"shard": {shard, 1}, "one process": {one, all}, "replay": {replay, all}} {
		restore := partOfProcessors(&tt.run)
		if got := runtime.GOMAXPROCS(0); got != tt.want {
			t.Errorf("%s: %d processors, want %d", name, got, tt.want)
		}
		restore()
		restore()
		if got := runtime.GOMAXPROCS(0); got != all {
			t.Errorf("%s: %d processors in the end, want %d", name, got, all)
		}
	}
}
