package receive

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
)

// keyForms returns a public key as PEM and as bare base64, and its private key as PEM.
func keyForms() (pemText, bare, privateText string) {
	pkix, _ := x509.MarshalPKIXPublicKey(&platformKey().PublicKey)
	own, _ := x509.MarshalPKCS8PrivateKey(platformKey())
	return string(pemOf("PUBLIC KEY", pkix)), base64.StdEncoding.EncodeToString(pkix), string(pemOf("PRIVATE KEY", own))
}

// inUTF16 encodes a text as the Unicode of Windows' editors.
func inUTF16(text string, big, mark bool) string {
	var out []byte
	if mark {
		text = "\ufeff" + text
	}
	for _, unit := range utf16.Encode([]rune(text)) {
		pair := []byte{byte(unit), byte(unit >> 8)}
		if big {
			pair[0], pair[1] = pair[1], pair[0]
		}
		out = append(out, pair...)
	}
	return string(out)
}

// TestKeyForms: a key is read in every unambiguous form that consoles, mails, editors and
// variables give it.
func TestKeyForms(t *testing.T) {
	t.Parallel()
	text, bare, _ := keyForms()
	begin, end := "-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"
	der, _ := base64.StdEncoding.DecodeString(bare)
	pkcs1 := string(pemOf("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&platformKey().PublicKey)))
	for name, content := range map[string]string{
		"BOM":                         "\ufeff" + text,
		"BOM, bare":                   "\ufeff" + bare,
		"literal line breaks":         strings.ReplaceAll(text, "\n", `\n`),
		"literal CRLF":                strings.ReplaceAll(text, "\n", `\r\n`),
		"literal, escaped twice":      strings.ReplaceAll(text, "\n", `\\n`),
		"literal, bare":               bare[:64] + `\n` + bare[64:] + `\n`,
		"on one line":                 begin + bare + end,
		"on one line, blanks":         begin + "  " + bare + " " + end + "\n",
		"one long line":               begin + "\n" + bare + "\n" + end,
		"lines of seven":              begin + "\r\n" + strings.Join(chunks(bare, 7), "\r\n") + "\r\n" + end,
		"CR alone":                    strings.ReplaceAll(text, "\n", "\r"),
		"indented":                    "\t " + strings.ReplaceAll(text, "\n", "\n\t "),
		"quoted":                      `"` + bare + `"` + "\n",
		"quoted by a word processor":  "“" + bare + "”",
		"quoted, literal line breaks": `"` + strings.ReplaceAll(text, "\n", `\n`) + `"`,
		"an assignment":               `export PLATFORM_KEY="` + text + `"`,
		"text around it":              "平台公钥:\r\n" + text + "\n(生效日期 2026-11-02)\n",
		"text of another encoding":    "\xc6\xbd\xcc\xa8\xb9\xab\xd4\xbf\n" + text,
		"padding lost":                strings.TrimRight(bare, "="),
		"too much padding":            strings.TrimRight(bare, "=") + "====",
		"for URLs":                    base64.URLEncoding.EncodeToString(der),
		"for URLs, no padding":        base64.RawURLEncoding.EncodeToString(der),
		"UTF-16":                      inUTF16(text, false, true),
		"UTF-16, big endian":          inUTF16(bare, true, true),
		"twice":                       text + text,
		"twice, in two forms":         pkcs1 + "\n" + text,
		"DER":                         string(der),
	} {
		key, err := parseKey([]byte(content))
		if err != nil || !key.PublicKey.Equal(&platformKey().PublicKey) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
}

func chunks(s string, n int) (parts []string) {
	for ; len(s) > n; s = s[n:] {
		parts = append(parts, s[:n])
	}
	return append(parts, s)
}

// TestKeyFaults: an error says what cannot be read, where, and what to do, and shows no
// part of the key.
func TestKeyFaults(t *testing.T) {
	t.Parallel()
	text, bare, private := keyForms()
	secret := strings.Join(strings.Split(private, "\n")[1:3], "")
	other := string(publicPEM(nextKey()))
	for _, c := range []struct{ name, content, want string }{
		{"four dashes", strings.Replace(text, "-----BEGIN", "----BEGIN", 1), "has 4 dashes before it and 5 behind it: write five"},
		{"four dashes at the end", strings.TrimSuffix(text, "-\n"), "END PUBLIC KEY has 5 dashes before it and 4 behind it"},
		{"dashes of a word processor", strings.ReplaceAll(text, "-----", "—–—"), "dashes of another kind (U+2014)"},
		{"no end", text[:len(text)-30], "-----BEGIN PUBLIC KEY----- has no counterpart: the file is cut short"},
		{"no beginning", text[30:], "-----END PUBLIC KEY----- has no counterpart"},
		{"an end lost between two", text[:200] + "\n" + other, "-----BEGIN PUBLIC KEY----- has no counterpart"},
		{"another end", strings.Replace(text, "END PUBLIC", "END RSA PUBLIC", 1), "BEGIN PUBLIC KEY is ended by END RSA PUBLIC KEY"},
		{"two keys", text + other, "different keys: each has a file of its own"},
		{"PEM and a bare key", text + bare, "another key stands outside the PEM block"},
		{"two bare keys", bare + "\n" + bare, "each key has a file of its own"},
		{"private", private, "应用自己的私钥"},
		{"private, on one line", strings.ReplaceAll(private, "\n", " "), "holds a PRIVATE KEY"},
		{"private, bare", strings.Join(strings.Split(strings.TrimSpace(private), "\n")[1:27], "\n"), "it holds a private key"},
		{"private, labelled as public", strings.ReplaceAll(private, "PRIVATE", "PUBLIC"), "应用自己的私钥"},
		{"private and public", text + private, "the app's own private key"},
		{"private, encrypted", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIC\n-----END ENCRYPTED PRIVATE KEY-----", "holds a ENCRYPTED PRIVATE KEY"},
		{"SSH", "ssh-rsa " + bare + " root@host", "a key of SSH"},
		{"no-break space", bare[:70] + "\u00a0" + bare[70:], "an invisible character (U+00A0) stands in line 1, column 71"},
		{"zero-width space", "-----BEGIN PUBLIC KEY-----\n" + bare[:9] + "\u200b" + bare[9:] + "\n-----END PUBLIC KEY-----", "an invisible character (U+200B) stands in line 2, column 10"},
		{"a mark inside", bare[:64] + "\n\ufeff" + bare[64:], "an invisible character (U+FEFF) stands in line 2, column 1"},
		{"an ellipsis", bare[:64] + "…" + bare[300:], "the character '…' stands in line 1, column 65"},
		{"a mail's quote", "> " + strings.Join(chunks(bare, 64), "\n> "), "the character '>' stands in line 1, column 1"},
		{"Latin 1", bare[:8] + "\xe4" + bare[8:], "a byte that is no text stands in line 1, column 9"},
		{"UTF-16 without its mark", inUTF16(text, false, false), "UTF-16 without its mark"},
		{"cut short", bare[:101], "its base64 cannot be decoded"},
		{"cut short, whole codes", bare[:100], "cannot be read as a public key: it is cut short"},
		{"empty PEM", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n", "neither PEM nor base64"},
	} {
		path := filepath.Join(t.TempDir(), "platform.pem")
		writeFile(t, path, []byte(c.content))
		err := CheckKeyFile(path)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "want the platform's public key") {
			t.Errorf("%s: got error %v, want %q", c.name, err, c.want)
			continue
		}
		for _, part := range append(chunks(bare, 8), chunks(secret, 8)...) {
			if len(part) == 8 && strings.Contains(err.Error(), part) {
				t.Errorf("%s: the message shows the key: %v", c.name, err)
			}
		}
	}
}

// FuzzKeyFile: any file gives a key or an error, which does not show its content.
func FuzzKeyFile(f *testing.F) {
	text, bare, private := keyForms()
	for _, seed := range []string{text, bare, private, strings.ReplaceAll(text, "\n", `\n`), "-----BEGIN KEY-----", "\xff\xfe-\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		key, err := parseKey(content)
		if (err == nil) != (key.PublicKey != nil) {
			t.Errorf("got a key and an error, or neither: %v", err)
		}
		if err != nil && longBase64().MatchString(err.Error()) {
			t.Errorf("error %v shows the content", err)
		}
	})
}

// TestTidyPEM: a certificate and its key are read in the same forms.
func TestTidyPEM(t *testing.T) {
	t.Parallel()
	cert, private := selfSigned(t, 1)
	for name, change := range map[string]func(string) string{
		"BOM":                 func(s string) string { return "\ufeff" + s },
		"literal line breaks": func(s string) string { return strings.ReplaceAll(s, "\n", `\n`) },
		"on one line":         func(s string) string { return strings.ReplaceAll(s, "\n", " ") },
		"indented":            func(s string) string { return "  " + strings.ReplaceAll(s, "\n", "\n  ") },
		"UTF-16":              func(s string) string { return inUTF16(s, false, true) },
		"as it was":           func(s string) string { return s },
	} {
		changed := [][]byte{[]byte(change(string(cert))), []byte(change(string(private)))}
		if err := new(certificate).use([]string{"tls.crt", "tls.key"}, changed); err != nil {
			t.Errorf("%s: got error %v", name, err)
		}
	}
	broken := []byte("-----BEGIN CERTIFICATE-----\nMII\u200b\n-----END CERTIFICATE-----\n")
	if got := tidyPEM(broken); string(got) != string(broken) {
		t.Errorf("got %q for an unreadable file, want it unchanged", got)
	}
	if _, err := tls.X509KeyPair(tidyPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")})), nil); err == nil {
		t.Error("a certificate of one byte was taken")
	}
}
