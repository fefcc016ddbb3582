//go:build !unix

package receive

func maxFiles() int { return 0 }
