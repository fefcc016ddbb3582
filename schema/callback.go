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

// Callback is one settle callback (通知分账结果) as it was received, with a valid signature.
// The archive keeps all that is needed to verify the signature again.
type Callback struct {
	App        string          `json:"app"` // its key in jobs.yaml
	ReceivedAt time.Time       `json:"received_at"`
	Scheme     SignatureScheme `json:"scheme"`
	Timestamp  string          `json:"timestamp"` // as signed
	Nonce      string          `json:"nonce"`     // as signed
	Signature  string          `json:"signature"` // as received
	LogID      string          `json:"logid"`     // Byte-Logid
	Body       []byte          `json:"-"`         // exactly the bytes received
	Key        string          `json:"-"`         // the archive object that it was read from
}

// ErrForeignApp reports a callback of another mini-program.
var ErrForeignApp = errors.New("the callback is of another mini-program")

// AppIDs are the mini-programs whose callbacks count. If it is nil, all count.
type AppIDs []string

// Check returns ErrForeignApp if a callback names a mini-program that is not one of these. A
// callback that names none counts, because it is signed for the app.
func (a AppIDs) Check(appID string) error {
	if a == nil || appID == "" || slices.Contains(a, appID) {
		return nil
	}
	return ErrForeignApp
}
