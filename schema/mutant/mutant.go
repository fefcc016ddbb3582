// Package mutant names seeded bugs, each a wrong turn that loses, doubles or
// invents money, by which the tests themselves are tested: the simulation has to
// find every one. Only a build with -tags mutants has them, and of these only the
// one that the environment names; in any other, On is false and the compiler
// takes away what stands behind it.
package mutant

// Bug is one of them.
type Bug string

// The bugs, each by what it does wrong.
const (
	CursorFirst     Bug = "cursor-first"     // a walk goes on from a cursor whose page was never stored
	BaseLate        Bug = "base-late"        // what may be replaced is read after the walk, not before
	OwnConflict     Bug = "own-conflict"     // a conflict with one's own write, whose answer was lost, is taken for a loss
	ManifestFirst   Bug = "manifest-first"   // the manifest is published before the data it tells of
	EmptyDay        Bug = "empty-day"        // an error's body is taken for a day without bills
	ConflictDropped Bug = "conflict-dropped" // of two records of one bill that differ, one is dropped
	SignFlipped     Bug = "sign-flipped"     // what goes out is counted as coming in
)

// All lists them.
var All = []Bug{CursorFirst, BaseLate, OwnConflict, ManifestFirst, EmptyDay, ConflictDropped, SignFlipped}

// Variable is the environment's, in which a build with -tags mutants finds the
// name of its bug.
const Variable = "BILLWALK_MUTANT"
