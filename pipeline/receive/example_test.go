package receive_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"billwalk/pipeline/receive"
	"billwalk/schema"
)

// printer is an archive that prints the bodies it gets.
type printer struct{}

func (printer) EncodeCallback(c schema.Callback) ([]byte, error) { return c.Body, nil }

func (printer) AppendCallbacks(_ context.Context, _ schema.Day, _ string, lines []byte) error {
	fmt.Printf("stored %s\n", lines)
	return nil
}

func (printer) QuarantineCallbacks(_ context.Context, _ schema.Day, _ string, lines []byte) error {
	fmt.Printf("quarantined %s\n", lines)
	return nil
}

// The platform signs a callback with its key and repeats it until it is acknowledged.
func Example() {
	key, keyFile, err := platformKeyFile()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(filepath.Dir(keyFile))
	receiver, err := receive.New(receive.Config{
		Apps:     []receive.App{{Name: "trade", PublicKeys: []string{keyFile}}},
		Archive:  printer{},
		Reach:    func(context.Context) error { return nil },
		Readable: func(*schema.Callback) error { return nil },
		Batch:    func() string { return "batch-1" },
		Now:      time.Now, Log: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry(),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- receiver.Serve(ctx, listener) }()

	status := 0
	for status != http.StatusOK && err == nil {
		status, err = post("http://"+listener.Addr().String()+"/callbacks/settle/trade", key, `{"version":"2.0","type":"settle","msg":"{}"}`)
	}
	fmt.Println(status, err)
	stop()
	fmt.Println(<-ended)
	// Output:
	// stored {"version":"2.0","type":"settle","msg":"{}"}
	// 200 <nil>
	// <nil>
}

// platformKeyFile returns a new key, and a file with its public part.
func platformKeyFile() (*rsa.PrivateKey, string, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, "", err
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return nil, "", err
	}
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		return nil, "", err
	}
	path := filepath.Join(dir, "platform.pem")
	return key, path, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600)
}

// post posts a callback as the platform does.
func post(url string, key *rsa.PrivateKey, body string) (status int, err error) {
	timestamp, nonce := fmt.Sprint(time.Now().Unix()), "n-1"
	digest := sha256.Sum256([]byte(timestamp + "\n" + nonce + "\n" + body + "\n"))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	if err != nil {
		return 0, err
	}
	request, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Byte-Timestamp", timestamp)
	request.Header.Set("Byte-Nonce-Str", nonce)
	request.Header.Set("Byte-Signature", base64.StdEncoding.EncodeToString(signature))
	request.Close = true // the next one needs no connection of this one
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}
