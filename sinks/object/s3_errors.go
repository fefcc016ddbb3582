package object

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
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
	return b.otherError(op, key, err)
}

// otherError says what to do about an error that is no state of the object.
func (b *bucket) otherError(op, key string, err error) error {
	status, _ := answerOf(err)
	if status == http.StatusUnauthorized || status == http.StatusForbidden {
		return fmt.Errorf("%s %s: %w: %w%s", op, b.url(key), ErrDenied, err, b.hint(err))
	}
	return fmt.Errorf("%s %s: %w%s", op, b.url(key), err, b.hint(err))
}

// putError says what a failed write means: the condition did not hold, nobody
// knows, or nothing was changed.
func (b *bucket) putError(key string, cond Condition, err error) error {
	status, code := answerOf(err)
	switch {
	case status == http.StatusPreconditionFailed, cond.match && status == http.StatusNotFound && code != "NoSuchBucket" && code != noSuchUpload:
		return fmt.Errorf("put %s: %w: %w", b.url(key), ErrConflict, err)
	case mayBeApplied(status, code, err):
		return fmt.Errorf("put %s: %w: %w%s", b.url(key), ErrUnknown, err, b.hint(err))
	default:
		return b.otherError("put", key, err)
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
func (b *bucket) hint(err error) string {
	status, code := answerOf(err)
	switch {
	case status == statusHTML:
		return " (lake.endpoint 返回网页而不是 S3 应答,是否填了控制台地址? the endpoint answers HTML: is it the console's address, or a proxy's? take that of the S3 API, which often has another port)"
	case b.virtualHost && (bucketHostUnknown(err, b.name) || code == "NoSuchBucket" || code == "InvalidBucketName"):
		return " (自建存储请设 lake.path_style: true; the bucket was looked for as a part of the host name, which this store may not know: set lake.path_style: true, or correct lake.url)"
	case code == "NoSuchBucket":
		return " (create the bucket, or correct lake.url)"
	case code == "RequestTimeTooSkewed":
		return " (set this machine's clock)"
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return " (检查凭证与权限; check the credentials in use, and that they may s3:GetObject, s3:PutObject and s3:ListBucket there)"
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

// bucketHostUnknown says that no host has the bucket's name before the endpoint's, or
// that its certificate does not say so.
func bucketHostUnknown(err error, bucket string) bool {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return dns.IsNotFound && strings.HasPrefix(dns.Name, bucket+".")
	}
	name, ok := errors.AsType[x509.HostnameError](err)
	return ok && strings.HasPrefix(name.Host, bucket+".")
}

// statusHTML stands for an answer in HTML, which no S3 API gives: 421 says that a
// request went to a server that cannot answer it.
const statusHTML = http.StatusMisdirectedRequest

// noHTML turns answers in HTML, a console's or a proxy's, into errors. Otherwise a
// page would pass for an object, and "page not found" for an object that is not
// there. What comes with a server's fault (5xx) may be a gateway's, and pass.
type noHTML struct{ s3.HTTPClient }

// Do implements s3.HTTPClient.
func (n noHTML) Do(r *http.Request) (*http.Response, error) {
	answer, err := n.HTTPClient.Do(r)
	if err != nil || answer.StatusCode >= 500 || answer.Header.Get("X-Amz-Request-Id") != "" {
		return answer, err
	}
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if kind != "text/html" {
		return answer, nil
	}
	answer.StatusCode, answer.Status = statusHTML, http.StatusText(statusHTML)
	return answer, nil
}
