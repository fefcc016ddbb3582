package receive

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// rsaSigned returns a certificate with an RSA key, which all kinds of suites can use.
func rsaSigned(t *testing.T) (cert, key []byte) {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"receiver"},
		NotBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &platformKey().PublicKey, platformKey())
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(platformKey())
	if err != nil {
		t.Fatal(err)
	}
	return pemOf("CERTIFICATE", der), pemOf("PRIVATE KEY", pkcs8)
}

// secureFixture returns a receiver with a certificate of an RSA key.
func secureFixture(t *testing.T, limits Connections) (*fixture, *x509.CertPool) {
	t.Helper()
	certFile, keyFile := filepath.Join(t.TempDir(), "tls.crt"), filepath.Join(t.TempDir(), "tls.key")
	cert, key := rsaSigned(t)
	writeFile(t, certFile, cert)
	writeFile(t, keyFile, key)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(cert)
	return newFixture(t, func(c *Config) { c.Cert, c.Key, c.Connections = certFile, keyFile, limits }), roots
}

// TestSuites: suites of TLS 1.2 with CBC or without forward secrecy are refused.
func TestSuites(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ourTime()
		f, roots := secureFixture(t, Connections{})
		l, _ := f.servingAt(t)
		spoken := 0
		for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
			if suite.SupportedVersions[0] == tls.VersionTLS13 {
				continue
			}
			conn := tls.Client(dialed(t, l), &tls.Config{RootCAs: roots, ServerName: "receiver", MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{suite.ID}})
			err := conn.Handshake()
			if err == nil {
				spoken++
			}
			if good := strings.HasPrefix(suite.Name, "TLS_ECDHE_RSA_") && (strings.Contains(suite.Name, "_GCM_") || strings.Contains(suite.Name, "_CHACHA20_")); good != (err == nil) {
				t.Errorf("%s: %v", suite.Name, err)
			}
		}
		if spoken != 3 {
			t.Errorf("got %d suites accepted", spoken)
		}
	})
}

// TestPlainConnectionsToTLS: 3,000 connections without TLS cause few lines of log.
func TestPlainConnectionsToTLS(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ourTime()
		f, _ := secureFixture(t, Connections{})
		l, _ := f.servingAt(t)
		began := time.Now()
		for i := range 3000 {
			conn := dialed(t, l)
			said := []string{"GET / HTTP/1.1\r\nHost: receiver\r\n\r\n", "canary-stranger-canary-stranger", "\x16\x03\x01"}[i%3]
			go func() { _, _ = io.WriteString(conn, said); _ = conn.Close() }()
			if i%1000 == 0 {
				time.Sleep(time.Second)
			}
			synctest.Wait()
		}
		seconds := int(time.Since(began).Seconds())
		if n := strings.Count(f.logged.String(), "TLS handshake error"); n == 0 || n > seconds+1 {
			t.Errorf("got %d lines in %d seconds", n, seconds)
		}
		if !strings.Contains(f.logged.String(), `"reason":"tls_handshake","others_not_logged":`) || strings.Contains(f.logged.String(), "canary") {
			t.Errorf("got log %s", f.logged)
		}
	})
}

// TestVerifiedOverTLS: over TLS, too, a connection with a verified callback is not closed for
// another one.
func TestVerifiedOverTLS(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ourTime()
		f, roots := secureFixture(t, Connections{Max: 1})
		f.shelf.took = time.Second
		l, _ := f.servingAt(t)
		answers := make(chan int)
		conn := tls.Client(dialed(t, l), &tls.Config{RootCAs: roots, ServerName: "receiver", MinVersion: tls.VersionTLS12})
		go func() {
			status, _, _ := answered(conn, signedPost("n", someBody).wire())
			answers <- status
		}()
		synctest.Wait()
		if other := dialed(t, l); !isClosed(other) {
			t.Error("one more is let in")
		}
		if status := <-answers; status != 200 {
			t.Errorf("got status %d", status)
		}
	})
}

// selfSigned returns a certificate for the name "receiver", and its key.
func selfSigned(t *testing.T, serial int64) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), DNSNames: []string{"receiver"},
		NotBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pemOf("CERTIFICATE", der), pemOf("PRIVATE KEY", pkcs8)
}

// TestTLS: the certificate is that of the files, also after they changed, if they are a
// pair. Versions below TLS 1.2 are refused.
func TestTLS(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ourTime()
		folder := t.TempDir()
		certFile, keyFile := filepath.Join(folder, "tls.crt"), filepath.Join(folder, "tls.key")
		first, firstKey := selfSigned(t, 1)
		second, secondKey := selfSigned(t, 2)
		writeFile(t, certFile, first)
		writeFile(t, keyFile, firstKey)
		f := newFixture(t, func(c *Config) { c.Cert, c.Key = certFile, keyFile })
		l, _ := f.servingAt(t)
		time.Sleep(reloadInterval / 2) // so that no file is changed while it is looked at
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(first)
		roots.AppendCertsFromPEM(second)
		serial := func() int64 {
			t.Helper()
			conn := tls.Client(dialed(t, l), &tls.Config{RootCAs: roots, ServerName: "receiver", MinVersion: tls.VersionTLS12})
			if status, said, err := answered(conn, signedPost("n", someBody).wire()); status != http.StatusOK {
				t.Errorf("got %d %s, %v", status, said, err)
			}
			state := conn.ConnectionState()
			if state.NegotiatedProtocol != "" {
				t.Errorf("got protocol %s", state.NegotiatedProtocol)
			}
			return state.PeerCertificates[0].SerialNumber.Int64()
		}
		if got := serial(); got != 1 {
			t.Errorf("got certificate %d", got)
		}
		writeFile(t, certFile, second)
		time.Sleep(2 * reloadInterval)
		if got := serial(); got != 1 || f.number(t, "reload_failures_total", "files", "certificate") != 1 {
			t.Errorf("got certificate %d from files that are not a pair", got)
		}
		writeFile(t, keyFile, secondKey)
		time.Sleep(2 * reloadInterval)
		if got := serial(); got != 2 {
			t.Errorf("got certificate %d after both files changed", got)
		}
		old := tls.Client(dialed(t, l), &tls.Config{RootCAs: roots, ServerName: "receiver", MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
		if err := old.Handshake(); err == nil {
			t.Error("TLS 1.1 is spoken")
		}
		if strings.Contains(f.logged.String(), "PRIVATE KEY") {
			t.Error("the log has a private key")
		}
	})
}
