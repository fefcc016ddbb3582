package object

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// noSuchUpload is S3's code for parts that are no longer there.
const noSuchUpload = "NoSuchUpload"

// readError says what a failed read means, which changed nothing.
func (b *bucket) readError(op, key string, err error) error {
	status, code := answerOf(err)
	if status == http.StatusNotFound && code != "NoSuchBucket" {
		return fmt.Errorf("%s %s: %w", op, b.url(key), ErrNotFound)
	}
	return fmt.Errorf("%s %s: %w%s", op, b.url(key), err, hint(status, code))
}

// putError says what a failed write means: the condition did not hold, nobody
// knows, or nothing was changed.
func (b *bucket) putError(key string, cond Condition, err error) error {
	status, code := answerOf(err)
	switch {
	case status == http.StatusPreconditionFailed, cond.match && status == http.StatusNotFound && code != "NoSuchBucket" && code != noSuchUpload:
		return fmt.Errorf("put %s: %w: %w", b.url(key), ErrConflict, err)
	case mayBeApplied(status, code, err):
		return fmt.Errorf("put %s: %w: %w", b.url(key), ErrUnknown, err)
	default:
		return fmt.Errorf("put %s: %w%s", b.url(key), err, hint(status, code))
	}
}

// mayBeApplied tells whether a failed write may have been applied, or still be,
// or is at least worth sending again. A 409 means that another write was in
// flight, and not that it won.
func mayBeApplied(status int, code string, err error) bool {
	switch {
	case mayComeLate(status, err):
		return true
	case code == "RequestTimeout", code == noSuchUpload: // a 400; and parts that were joined already, or removed
		return true
	default:
		return status == http.StatusConflict || status == http.StatusRequestTimeout || status == http.StatusTooManyRequests
	}
}

// mayComeLate tells whether nothing that came back says no: then the write may
// have been applied, or still be.
func mayComeLate(status int, err error) bool {
	if status == 0 {
		return lostOnTheWay(err)
	}
	return status < 300 || status >= 500 && status != http.StatusNotImplemented
}

// lostOnTheWay tells whether a request without an answer may have left; one that
// failed for want of credentials, say, has not.
func lostOnTheWay(err error) bool {
	var sending *smithyhttp.RequestSendError
	var canceled *smithy.CanceledError
	return errors.As(err, &sending) || errors.As(err, &canceled) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// answerOf gives the HTTP status of the answer, 0 without one, and S3's own code
// of the error, "" without one.
func answerOf(err error) (status int, code string) {
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		status = response.HTTPStatusCode()
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		code = api.ErrorCode()
	}
	return status, code
}

// hint says what to do about an error that the server's message leaves open.
func hint(status int, code string) string {
	switch {
	case code == "NoSuchBucket":
		return " (create the bucket, or correct lake.url)"
	case code == "RequestTimeTooSkewed":
		return " (set this machine's clock)"
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return " (check the credentials in use, and that they may s3:GetObject, s3:PutObject and s3:ListBucket there)"
	case code == "AuthorizationHeaderMalformed" || status >= 300 && status < 400:
		return " (check lake.region and lake.endpoint: the bucket is elsewhere)"
	case status == http.StatusNotImplemented:
		return " (the store does not offer this; billwalk needs conditional writes)"
	case status == 0:
		return " (check lake.endpoint, the network, and that credentials can be found)"
	default:
		return ""
	}
}
