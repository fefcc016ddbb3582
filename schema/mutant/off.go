//go:build !mutants

package mutant

// On says that the program is to have this bug: it has none.
func On(Bug) bool { return false }
