package schema

import (
	"errors"
	"slices"
	"time"
)

// SignatureScheme is how a callback was signed.
type SignatureScheme string

const (
	SignedRSA    SignatureScheme = "2.0"    // RSA-SHA256 by the platform's key
	SignedLegacy SignatureScheme = "legacy" // SHA-1 with the app's token: 担保支付
)

// Callback is one settle callback (通知分账结果) as it was received, its signature
// verified: the archive's record. With the platform's public key, or the token,
// the signature can be verified again from it.
type Callback struct {
	App        string          `json:"app"` // its key in jobs.yaml
	ReceivedAt time.Time       `json:"received_at"`
	Scheme     SignatureScheme `json:"scheme"`
	Timestamp  string          `json:"timestamp"` // as signed
	Nonce      string          `json:"nonce"`     // as signed
	Signature  string          `json:"signature"` // as received
	LogID      string          `json:"logid"`     // Byte-Logid
	Body       []byte          `json:"-"`         // the very bytes received
	Key        string          `json:"-"`         // the archive object that it was read from
}

// ErrForeignApp is the error of a callback of another mini-program.
var ErrForeignApp = errors.New("the callback is of another mini-program")

// AppIDs are the mini-programs whose callbacks count. nil takes those of any.
type AppIDs []string

// Check returns ErrForeignApp where a callback names a mini-program that is none of
// these. One that names none is signed for the app all the same.
func (a AppIDs) Check(appID string) error {
	if a == nil || appID == "" || slices.Contains(a, appID) {
		return nil
	}
	return ErrForeignApp
}
