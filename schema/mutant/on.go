//go:build mutants

package mutant

import "os"

var chosen = Bug(os.Getenv(Variable))

// On says that the program is to have this bug.
func On(b Bug) bool { return b == chosen }
