package repository

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"billwalk/schema"
)

var updateDocs = flag.Bool("update", false, "write the tables of docs/ anew")

// amount says how a limit is written.
type amount func(n int64) string

func inBytes(n int64) string {
	for _, unit := range []string{"bytes", "KiB", "MiB", "GiB"} {
		if n < 1024 || n%1024 != 0 || unit == "GiB" {
			return fmt.Sprintf("%d %s", n, unit)
		}
		n /= 1024
	}
	return ""
}

func inTime(n int64) string {
	return regexp.MustCompile(`([hm])0[ms](0s)?$`).ReplaceAllString(time.Duration(n).String(), "$1")
}

func plainly(n int64) string { return fmt.Sprint(n) }

// limits are the constants that bound what comes from outside, beside those of
// schema.Limits. A new one belongs here: `go test ./cmd/billwalk/repository -run TestLimits -update`
// writes it into the pages.
var limits = []struct {
	english, chinese string
	file, name       string // where the constant is
	amount           amount
}{
	{"jobs.yaml, and each file of accounts", "jobs.yaml 与每个账户文件", "pipeline/jobs/load.go", "maxBytes", inBytes},
	{"an answer of the platform, unpacked", "平台的一个应答（解压后）", "pipeline/douyin/transport.go", "maxAnswer", inBytes},
	{"its headers", "其头部", "pipeline/douyin/transport.go", "maxHeaders", inBytes},
	{"a Retry-After that is waited for", "会等待的 Retry-After", "pipeline/douyin/exchange.go", "maxRetryAfter", inTime},
	{"pages of one account on one day", "一个账户一天的页数", "pipeline/walk/trace.go", "maxPages", plainly},
	{"the body of a callback", "回调的正文", "pipeline/receive/limits.go", "maxBody", inBytes},
	{"the headers of a callback", "回调的头部", "pipeline/receive/serve.go", "maxHeader", inBytes},
	{"the nonce of a callback, in characters", "回调的随机串（字符数）", "pipeline/receive/limits.go", "maxNonce", plainly},
	{"how far a callback's timestamp may be ahead", "回调时间戳最多超前", "pipeline/receive/limits.go", "maxAhead", inTime},
	{"the age of a callback; older ones go into quarantine", "回调的年龄，更旧的进入隔离区", "pipeline/receive/limits.go", "maxAge", inTime},
	{"callbacks that are verified or stored at a time", "同时验签或存储的回调", "pipeline/receive/limits.go", "maxServing", plainly},
	{"of them, those that are long or of unknown length", "其中较长或长度未知的", "pipeline/receive/limits.go", "maxLarge", plainly},
	{"callbacks that are not stored yet", "尚未存储的回调", "pipeline/receive/commit.go", "maxQueued", inBytes},
	{"connections to the receiver", "接收器的连接数", "pipeline/receive/conns.go", "maxConnections", plainly},
	{"of them, those of one address", "其中同一地址的", "pipeline/receive/conns.go", "maxPerAddress", plainly},
	{"how long a connection may be idle", "连接的最长空闲时间", "pipeline/receive/serve.go", "idleTimeout", inTime},
	{"a file of a key or certificate", "密钥或证书文件", "pipeline/receive/files.go", "maxFile", inBytes},
	{"an answer to a message; what is longer is cut", "消息的应答，更长的截断", "sinks/notify/notify.go", "maxAnswer", inBytes},
	{"a page of a Parquet file, unpacked", "Parquet 文件的一页（解压后）", "sinks/parquet/bounds.go", "maxPage", inBytes},
	{"the memory that one Parquet file takes", "读一个 Parquet 文件的内存", "sinks/parquet/bounds.go", "maxMemory", inBytes},
	{"a key of an object, in bytes", "对象的键（字节）", "sinks/object/check.go", "maxKey", plainly},
	{"the local files of a run", "一次运行的本地文件", "pipeline/spill/spill.go", "maxSize", inBytes},
}

// chineseKinds are the kinds of schema.Limits.
var chineseKinds = map[string]string{
	"a manifest": "清单", "a certificate": "证明", "a batch": "归档批次", "a run's summary": "运行摘要", "a Parquet file": "Parquet 文件", "notes of people": "人工记录", "a report": "报告", "ids of a shard": "分片的编号表", "certificates of a shard": "分片的证明", "a control object": "控制对象",
}

// TestLimits: the pages' table of limits is that of the constants.
func TestLimits(t *testing.T) {
	t.Parallel()
	english, chinese := "| input | limit |\n|---|---|\n", "| 输入 | 上限 |\n|---|---|\n"
	add := func(inEnglish, inChinese, limit string) {
		english += "| " + inEnglish + " | " + limit + " |\n"
		chinese += "| " + inChinese + " | " + limit + " |\n"
	}
	for _, l := range limits {
		add(l.english, l.chinese, l.amount(constantOf(t, l.file, l.name)))
	}
	for _, l := range schema.Limits {
		where := "`" + cmp.Or(l.Prefix+"…"+l.Suffix, "…") + "`"
		if chineseKinds[l.Kind] == "" {
			t.Errorf("%s has no Chinese name", l.Kind)
		}
		add(l.Kind+", "+where, chineseKinds[l.Kind]+" "+where, inBytes(l.Bytes))
	}
	add("a batch, unpacked", "归档批次（解压后）", inBytes(schema.MaxUnpackedBatch))
	checkTable(t, "../docs/security.md", english)
	checkTable(t, "../docs/security.zh.md", chinese)
}

// constantOf evaluates a constant of numbers, bytes or a time.
func constantOf(t *testing.T, path, name string) int64 {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("../../..", path), nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var value int64
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for i, id := range spec.Names {
			if id.Name != name || i >= len(spec.Values) {
				continue
			}
			text := strings.NewReplacer("time.Second", "1000000000", "time.Minute", "60000000000", "time.Hour", "3600000000000").Replace(types.ExprString(spec.Values[i]))
			got, err := types.Eval(token.NewFileSet(), nil, token.NoPos, text)
			if err != nil {
				t.Fatalf("%s: %s: %v", path, name, err)
			}
			value, _ = constant.Int64Val(got.Value)
		}
		return true
	})
	if value == 0 {
		t.Fatalf("%s has no constant %s: put it right in limits", path, name)
	}
	return value
}

// checkTable holds the table of a page against what it should be, or writes it.
func checkTable(t *testing.T, path, want string) {
	t.Helper()
	const begin, end = "<!-- limits:begin -->\n", "<!-- limits:end -->"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := bytes.Cut(text, []byte(begin))
	got, after, ends := bytes.Cut(rest, []byte(end))
	switch {
	case !begins || !ends:
		t.Fatalf("%s has no place for the limits", path)
	case string(got) == want:
	case *updateDocs:
		if err := os.WriteFile(path, []byte(string(before)+begin+want+end+string(after)), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s: the limits are stale; write them anew with: go test ./cmd/billwalk/repository -run TestLimits -update", path)
	}
}
