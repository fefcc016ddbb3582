// Command billwalk is the nightly money check of restaurants on Douyin's
// local-life platform. See the README; package cli has a file for each verb.
package main

import (
	"billwalk/cmd/billwalk/cli"
	_ "billwalk/cmd/billwalk/heap"
)

// release is set by the linker: -ldflags "-X main.release=v1.2.3".
var release string

func main() { cli.Execute(release) }
