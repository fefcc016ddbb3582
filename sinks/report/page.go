package report

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"sync"

	"billwalk/schema"
)

//go:embed assets/page.html assets/page.css assets/*.js assets/echarts/echarts.min.js
var assets embed.FS

// pageScripts lists the page's scripts in the order in which they run.
var pageScripts = []string{
	"echarts/echarts.min.js",
	"words.js", "notewords.js", "balancewords.js", "money.js", "dom.js", "codes.js", "table.js", "charts.js",
	"summary.js", "balance.js", "accounts.js", "order.js", "orders.js", "findings.js", "main.js",
}

var pageTemplate = sync.OnceValue(func() *template.Template { return template.Must(template.ParseFS(assets, "assets/page.html")) })

// pageContent is what page.html is filled with. The types of Style and Scripts say that they
// are ours; everything that comes from a report is in Data, and becomes text nodes.
type pageContent struct {
	From, To schema.Day
	Policy   string
	Style    template.CSS
	Scripts  []template.JS
	Data     string // base64 for URLs of the gzipped JSON: no character of it means anything in HTML
}

// WritePage writes the report as one HTML file, which needs no other file and no network.
// Equal reports give equal bytes.
func WritePage(w io.Writer, r *Report) error {
	data, err := packReport(r)
	if err != nil {
		return fmt.Errorf("packing the report for its page: %w", err)
	}
	content := pageContent{From: r.From, To: r.To, Data: data}
	style, err := assets.ReadFile("assets/page.css")
	if err != nil {
		return err
	}
	content.Style = template.CSS(style)
	for _, name := range pageScripts {
		script, err := assets.ReadFile("assets/" + name)
		if err != nil {
			return err
		}
		content.Scripts = append(content.Scripts, template.JS(script))
	}
	content.Policy = contentPolicy(content.Style, content.Scripts)
	if err := pageTemplate().Execute(w, content); err != nil {
		return fmt.Errorf("writing the report's page: %w", err)
	}
	return nil
}

// contentPolicy allows the page's own style and scripts, by their hashes, and nothing else.
// The charts set style attributes, which hashes cannot allow.
func contentPolicy(style template.CSS, scripts []template.JS) string {
	hash := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	var allowed strings.Builder
	for _, script := range scripts {
		allowed.WriteString(hash(string(script)))
	}
	return "default-src 'none'; script-src" + allowed.String() + "; style-src" + hash(string(style)) +
		"; style-src-attr 'unsafe-inline'; base-uri 'none'; form-action 'none'"
}

func packReport(r *Report) (string, error) {
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	if err := r.WriteJSON(zip); err != nil {
		return "", err
	}
	if err := zip.Close(); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(packed.Bytes()), nil
}
