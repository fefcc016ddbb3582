package cli

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"billwalk/pipeline/douyin/sandbox"
	"billwalk/pipeline/jobs"
	"billwalk/schema"
)

// callbackFlags are the flags of the verb sandbox that are about callbacks.
type callbackFlags struct {
	url, key, from, to, token, faults, app string
	speed                                  int
}

// callbackTroubles are what the sandbox does with its callbacks beside posting
// them, so many percent of them each.
var callbackTroubles = []struct {
	name  string
	usual bool
	on    func(*sandbox.Config, *sandbox.DeliveryConfig)
}{
	{"duplicates", true, func(_ *sandbox.Config, d *sandbox.DeliveryConfig) { d.Duplicates = 10 }},
	{"reordering", true, func(_ *sandbox.Config, d *sandbox.DeliveryConfig) { d.Reordering = 10 }},
	{"signatures", true, func(_ *sandbox.Config, d *sandbox.DeliveryConfig) { d.Signatures = 5 }},
	{"legacy", true, func(_ *sandbox.Config, d *sandbox.DeliveryConfig) { d.Legacy = 5 }},
	{"lost", false, func(c *sandbox.Config, _ *sandbox.DeliveryConfig) { c.LostCallbacks = 5 }},
	{"late", false, func(c *sandbox.Config, _ *sandbox.DeliveryConfig) { c.LateCallbacks = 5 }},
}

func (f *callbackFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.url, "callbacks", "", "post settle callbacks once to this URL, such as http://127.0.0.1:8080/callbacks/settle/trade, print what came of it, and go on serving")
	cmd.Flags().StringVar(&f.key, "callbacks-key", "callbacks-key.pem", "the RSA private key (PKCS #8, PEM) that signs them, made if there is none; its public half, for public_keys in jobs.yaml, is written beside it with .pub added")
	cmd.Flags().StringVar(&f.from, "callbacks-from", "-3d", "first day of the settlements: YYYY-MM-DD, yesterday, -7d, or a month YYYY-MM")
	cmd.Flags().StringVar(&f.to, "callbacks-to", "yesterday", "last day, included")
	cmd.Flags().IntVar(&f.speed, "callbacks-speed", 1000, "how many times faster than the platform to try again: 1000 makes 15 s to 15 ms")
	cmd.Flags().StringVar(&f.token, "callbacks-token", "", "the token that signs old-style callbacks (担保支付), the app's legacy_token in jobs.yaml; without it there are none")
	cmd.Flags().StringVar(&f.app, "callbacks-app-id", "ttsandbox", "the mini-program (app_id) that they are of: the app's client_key, or one of its app_ids, in jobs.yaml")
	cmd.Flags().StringVar(&f.faults, "callbacks-faults", strings.Join(troublesNamed(true), ","), "troubles among the callbacks: "+strings.Join(troublesNamed(false), ", ")+", or all; legacy has an effect only with a token")
}

// troublesNamed returns the names of the troubles: of the usual ones, or of all.
func troublesNamed(usual bool) (names []string) {
	for _, trouble := range callbackTroubles {
		if trouble.usual || !usual {
			names = append(names, trouble.name)
		}
	}
	return names
}

// of returns how callbacks are to be delivered, nil if they are not, and sets what
// of it is the world's.
func (f *callbackFlags) of(cmd *cobra.Command, config *sandbox.Config, today schema.Day) (*sandbox.DeliveryConfig, error) {
	if f.url == "" {
		for _, name := range []string{"key", "from", "to", "speed", "token", "faults", "app-id"} {
			if cmd.Flags().Changed("callbacks-" + name) {
				return nil, usage("--callbacks-%s needs --callbacks URL", name)
			}
		}
		return nil, nil
	}
	if f.speed < 1 {
		return nil, usage("--callbacks-speed %d: want 1 or more", f.speed)
	}
	config.TradeKey = f.app
	d := &sandbox.DeliveryConfig{URL: f.url, LegacyToken: schema.NewSecret(f.token), Speed: f.speed}
	if err := f.days(d, today); err != nil {
		return nil, err
	}
	if err := f.troubles(config, d); err != nil {
		return nil, err
	}
	var err error
	if d.Key, err = signingKey(f.key); err != nil {
		return nil, usage("--callbacks-key: %w", err)
	}
	if err := d.Check(); err != nil {
		return nil, usage("--callbacks: %w", err)
	}
	return d, nil
}

func (f *callbackFlags) days(d *sandbox.DeliveryConfig, today schema.Day) error {
	from, err := jobs.ParseDate(f.from)
	if err != nil {
		return usage("--callbacks-from: %w", err)
	}
	to, err := jobs.ParseDate(f.to)
	if err != nil {
		return usage("--callbacks-to: %w", err)
	}
	d.From, _ = from.Day(today)
	if _, d.To = to.Day(today); d.From > d.To {
		return usage("--callbacks-from %s is after --callbacks-to %s: put the earlier one first", d.From, d.To)
	}
	return nil
}

func (f *callbackFlags) troubles(config *sandbox.Config, d *sandbox.DeliveryConfig) error {
	wanted := map[string]bool{}
	for name := range strings.SplitSeq(f.faults, ",") {
		if name = strings.TrimSpace(name); name != "" && name != "all" && !slices.Contains(troublesNamed(false), name) {
			return usage("--callbacks-faults: %q is unknown; there are: all, %s", name, strings.Join(troublesNamed(false), ", "))
		}
		wanted[name] = true
	}
	for _, trouble := range callbackTroubles {
		if wanted["all"] || wanted[trouble.name] {
			trouble.on(config, d)
		}
	}
	return nil
}

// signingKey reads a private key, or makes one where there is none, and sees to it
// that its public half stands beside it.
func signingKey(path string) (*rsa.PrivateKey, error) {
	key, err := readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = makeKey(path)
	}
	if err != nil {
		return nil, err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	return key, os.WriteFile(path+".pub", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), 0o644)
}

func readKey(path string) (*rsa.PrivateKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var parsed any
	if block, _ := pem.Decode(text); block != nil {
		parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if err != nil || !ok || key.N.BitLen() < 2048 {
		return nil, fmt.Errorf("%s: want an RSA private key of 2048 bits or more (PKCS #8, PEM), as `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048` writes; without a file one is made", path)
	}
	return key, nil
}

func makeKey(path string) (*rsa.PrivateKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600)
}

// postCallbacks delivers the callbacks and prints what came of it. A signal ends
// it, too; then what was done is printed.
func (p *program) postCallbacks(ctx context.Context, platform *sandbox.Platform, d sandbox.DeliveryConfig) error {
	fmt.Fprintf(p.out, "It posts the callbacks of settlements of %s to %s to %s.\n", d.From, d.To, d.URL)
	r, err := platform.Deliver(ctx, d)
	if err != nil && ctx.Err() == nil {
		return failed(err)
	}
	fmt.Fprintf(p.out, "callbacks: %d, of them %d old-style and %d out of order\n", r.Callbacks, r.Legacy, r.Reordered)
	fmt.Fprintf(p.out, "  acknowledged %d in %d tries, given up %d\n", r.Delivered, r.Tries, r.GivenUp)
	fmt.Fprintf(p.out, "  acknowledged again, sent as duplicates: %d\n", r.Duplicates)
	fmt.Fprintf(p.out, "  with wrong signatures %d: refused %d, wrongly accepted %d\n", r.Forged, r.Refused, r.WrongAccepted)
	if r.WrongAccepted > 0 {
		fmt.Fprintln(p.out, "  A request with a wrong signature was accepted: that is a fault of the receiver.")
	}
	return nil
}
