// Package docs holds the documentation, for `billwalk help TOPIC`: TOPIC.md in English
// and TOPIC.zh.md in Chinese.
package docs

import "embed"

// Pages are the files of this folder.
//
//go:embed *.md
var Pages embed.FS
