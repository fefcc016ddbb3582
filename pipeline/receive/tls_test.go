package receive

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
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
		f, roots := secureFixture(t, Connections{Most: 1})
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
