package receive

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"billwalk/schema"
)

// A key is copied from a page of the console, a mail or a variable, each of which may
// change its form. Whatever is unambiguous is accepted: a byte order mark, UTF-16, one
// line or many, literal \n, quotes, text around PEM. An error says what is wrong
// without showing the key.
//
// A run needs none of the expressions: they are compiled when a key is read.
var (
	lineBreak  = pattern(`\\+[rn]`)
	armour     = pattern(`(?s)-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END ([A-Z0-9 ]+)-----`)
	boundary   = pattern(`([\p{Pd}−]*) ?(BEGIN|END) ([A-Z0-9 ]*(?:KEY|CERTIFICATE)) ?([\p{Pd}−]*)`)
	private    = pattern(`BEGIN ([A-Z0-9 ]*PRIVATE KEY)`)
	sshKey     = pattern(`ssh-(rsa|ed25519|dss) |ecdsa-sha2-|SSH2 PUBLIC KEY`)
	longBase64 = pattern(`[A-Za-z0-9+/_-]{60}`)
)

func pattern(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

const quotes = "\"'`“”‘’「」"

// keyBlock is one key of a file.
type keyBlock struct {
	kind string // the type of its PEM block; "" for bare base64
	der  []byte
}

// keyText returns the text of a file as UTF-8 with real line breaks.
func keyText(content []byte) string {
	return lineBreak().ReplaceAllString(string(schema.UTF8(content)), "\n")
}

// keyBlocks returns the PEM blocks of a file, or else the one key that is bare base64.
func keyBlocks(text string) ([]keyBlock, error) {
	if found := private().FindStringSubmatch(text); found != nil {
		return nil, privateKey{found[1]}
	}
	if sshKey().MatchString(text) {
		return nil, errors.New("it holds a key of SSH, which is none of the platform's")
	}
	blocks, outside, err := pemBlocks(text)
	switch {
	case err != nil:
		return nil, err
	case len(blocks) == 0:
		der, err := decodeKey(text, strings.Trim(text, quotes+" \t\r\n"))
		return []keyBlock{{"", der}}, err
	case longBase64().MatchString(outside):
		return nil, errors.New("what looks like another key stands outside the PEM block: each has a file of its own")
	}
	return blocks, nil
}

// privateKey is the error that a file has a private key.
type privateKey struct{ kind string }

func (p privateKey) Error() string { return "it holds a " + p.kind }

// pemBlocks returns the PEM blocks of a text, and the text around them. The lines of a
// block may have any length.
func pemBlocks(text string) (blocks []keyBlock, outside string, err error) {
	for _, at := range armour().FindAllStringSubmatchIndex(text, -1) {
		kind, body, end := text[at[2]:at[3]], text[at[4]:at[5]], text[at[6]:at[7]]
		if boundary().MatchString(body) {
			return nil, "", brokenBoundary(body)
		}
		if kind != end {
			return nil, "", fmt.Errorf("BEGIN %s is ended by END %s: a part of the file is missing", kind, end)
		}
		der, err := decodeKey(text, body)
		if err != nil {
			return nil, "", err
		}
		blocks = append(blocks, keyBlock{kind, der})
	}
	outside = armour().ReplaceAllString(text, "")
	if boundary().MatchString(outside) {
		return nil, "", brokenBoundary(outside)
	}
	return blocks, outside, nil
}

// brokenBoundary returns what is wrong with the lines that should begin or end PEM.
func brokenBoundary(text string) error {
	const five = "-----"
	var alone string
	for _, found := range boundary().FindAllStringSubmatch(text, -1) {
		before, word, kind, behind := found[1], found[2], found[3], found[4]
		if before == five && behind == five {
			alone = before + word + " " + kind + behind
			continue
		}
		for _, dash := range before + behind {
			if dash != '-' {
				return fmt.Errorf("the line with %s %s has dashes of another kind (%U): write %s on each side", word, kind, dash, five)
			}
		}
		return fmt.Errorf("the line with %s %s has %d dashes before it and %d behind it: write five on each side", word, kind, len(before), len(behind))
	}
	return fmt.Errorf("the line %s has no counterpart: the file is cut short", alone)
}

// decodeKey decodes the base64 of a key, which is a part of the text: with any
// line breaks, in either alphabet, padded or not.
func decodeKey(text, part string) ([]byte, error) {
	if at := strings.IndexFunc(part, notBase64); at >= 0 {
		return nil, badCharacter(text, strings.Index(text, part)+at)
	}
	codes := strings.Join(strings.Fields(part), "")
	codes = strings.TrimRight(codes, "=")
	alphabet := base64.RawStdEncoding
	if strings.ContainsAny(codes, "-_") {
		alphabet = base64.RawURLEncoding
	}
	der, err := alphabet.DecodeString(codes)
	switch {
	case strings.Contains(codes, "="):
		return nil, errors.New("something follows the end of the key's base64: each key has a file of its own")
	case codes == "":
		return nil, errors.New("it is neither PEM nor base64")
	case err != nil:
		return nil, errors.New("its base64 cannot be decoded: the file is cut short, or was changed")
	}
	return der, nil
}

func notBase64(r rune) bool {
	return !strings.ContainsRune(" \t\r\n+/-_=", r) && (r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r))
}

// badCharacter returns an error that names the character, which base64 does not have,
// and its place.
func badCharacter(text string, at int) error {
	found, size := utf8.DecodeRuneInString(text[at:])
	line, column := 1+strings.Count(text[:at], "\n"), utf8.RuneCountInString(text[strings.LastIndex(text[:at], "\n")+1:at])+1
	place := fmt.Sprintf("in line %d, column %d", line, column)
	switch {
	case found == utf8.RuneError && size == 1:
		return fmt.Errorf("it is neither PEM nor base64: a byte that is no text stands %s", place)
	case found == 0:
		return errors.New("it is UTF-16 without its mark, or no text: save it as UTF-8")
	case schema.Invisible(found):
		return fmt.Errorf("an invisible character (%U) stands %s: delete it, or copy the key again", found, place)
	}
	return fmt.Errorf("it is neither PEM nor base64: the character %q stands %s", found, place)
}

// tidyPEM returns the PEM blocks of a file in the form that crypto/tls reads. A file
// without PEM is returned as it is, so that crypto/tls says what is wrong.
func tidyPEM(content []byte) []byte {
	blocks, _, err := pemBlocks(keyText(content))
	if err != nil || len(blocks) == 0 {
		return content
	}
	var tidy bytes.Buffer
	for _, b := range blocks {
		tidy.Write(pem.EncodeToMemory(&pem.Block{Type: b.kind, Bytes: b.der}))
	}
	return tidy.Bytes()
}
