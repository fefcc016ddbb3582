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

// noSuchUpload is S3's code for an upload that does not exist any more.
const noSuchUpload = "NoSuchUpload"

// readError returns the error of a failed read.
func (b *bucket) readError(op, key string, err error) error {
	status, code := answerOf(err)
	if status == http.StatusNotFound && code != "NoSuchBucket" {
		return fmt.Errorf("%s %s: %w", op, b.url(key), ErrNotFound)
	}
	return b.otherError(op, key, err)
}

// otherError returns an error that is not about the state of the object, with a hint.
func (b *bucket) otherError(op, key string, err error) error {
	status, _ := answerOf(err)
	if status == http.StatusUnauthorized || status == http.StatusForbidden {
		return b.hinted(err, fmt.Errorf("%s %s: %w: %w", op, b.url(key), ErrDenied, err))
	}
	return b.hinted(err, fmt.Errorf("%s %s: %w", op, b.url(key), err))
}

// putError returns the error of a failed write: ErrConflict, ErrUnknown, or one that means
// that nothing was changed.
func (b *bucket) putError(key string, cond Condition, err error) error {
	status, code := answerOf(err)
	switch {
	case status == http.StatusPreconditionFailed, cond.match && status == http.StatusNotFound && code != "NoSuchBucket" && code != noSuchUpload:
		return fmt.Errorf("put %s: %w: %w", b.url(key), ErrConflict, err)
	case mayBeApplied(status, code, err):
		return b.hinted(err, fmt.Errorf("put %s: %w: %w", b.url(key), ErrUnknown, err))
	default:
		return b.otherError("put", key, err)
	}
}

// mayBeApplied reports whether a failed write may have been applied, may still be, or is
// worth repeating. A 409 means that another write was in progress, not that it won.
func mayBeApplied(status int, code string, err error) bool {
	switch {
	case mayComeLate(status, err):
		return true
	case code == "RequestTimeout", code == noSuchUpload: // a 400; and an upload that was completed already, or removed
		return true
	default:
		return status == http.StatusConflict || status == http.StatusRequestTimeout || status == http.StatusTooManyRequests
	}
}

// mayComeLate reports whether the answer, if there is one, leaves open that the write was
// applied, or still will be.
func mayComeLate(status int, err error) bool {
	if status == 0 {
		return lostOnTheWay(err)
	}
	return status < 300 || status >= 500 && status != http.StatusNotImplemented
}

// lostOnTheWay reports whether a request without an answer may have been sent. One that
// failed for lack of credentials, for example, was not.
func lostOnTheWay(err error) bool {
	var sending *smithyhttp.RequestSendError
	var canceled *smithy.CanceledError
	return errors.As(err, &sending) || errors.As(err, &canceled) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// answerOf returns the HTTP status of the answer, or 0 if there is none, and S3's error code,
// or "".
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

// hintedError is an error of the store with what to do about it.
type hintedError struct {
	error
	hint string
}

func (e hintedError) Error() string { return e.error.Error() + " (" + e.hint + ")" }
func (e hintedError) Unwrap() error { return e.error }

// Hint returns what a person should do.
func (e hintedError) Hint() string { return e.hint }

// hinted adds the hint about the cause, if there is one, to an error.
func (b *bucket) hinted(cause, err error) error {
	if hint := b.hint(cause); hint != "" {
		return hintedError{err, hint}
	}
	return err
}

// hint returns what to do about an error, or "" if the server's message says enough.
func (b *bucket) hint(err error) string {
	status, code := answerOf(err)
	switch {
	case status == statusHTML:
		return "lake.endpoint 返回网页而不是 S3 应答,是否填了控制台地址? the endpoint answers HTML: is it the console's address, or a proxy's? take that of the S3 API, which often has another port"
	case b.virtualHost && (bucketHostUnknown(err, b.name) || code == "NoSuchBucket" || code == "InvalidBucketName"):
		return "自建存储请设 lake.path_style: true; the bucket was looked for as a part of the host name, which this store may not know: set lake.path_style: true, or correct lake.url"
	case code == "NoSuchBucket":
		return "新建该存储桶,或改正 lake.url; create the bucket, or correct lake.url"
	case code == "RequestTimeTooSkewed":
		return "校准本机时钟; set this machine's clock"
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return "检查凭证与权限; check the credentials in use, and that they may s3:GetObject, s3:PutObject and s3:ListBucket there"
	case code == "AuthorizationHeaderMalformed" || status >= 300 && status < 400:
		return "检查 lake.region 与 lake.endpoint; check lake.region and lake.endpoint: the bucket is elsewhere"
	case status == http.StatusNotImplemented:
		return "换用支持条件写的存储; the store does not offer this; billwalk needs conditional writes"
	case status == 0 && strings.Contains(err.Error(), "get credentials: "): // the SDK has no type for it
		return "没有找到 S3 凭证：设 AWS_ACCESS_KEY_ID 与 AWS_SECRET_ACCESS_KEY，或 AWS_PROFILE; no credentials for S3 were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run where the machine has a role"
	case status == 0:
		return "检查 lake.endpoint 与网络; check lake.endpoint and the network"
	default:
		return ""
	}
}

// bucketHostUnknown reports whether there is no host with the bucket's name before the
// endpoint's, or its certificate is for another name.
func bucketHostUnknown(err error, bucket string) bool {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return dns.IsNotFound && strings.HasPrefix(dns.Name, bucket+".")
	}
	name, ok := errors.AsType[x509.HostnameError](err)
	return ok && strings.HasPrefix(name.Host, bucket+".")
}

// statusHTML replaces the status of an answer in HTML, which no S3 API sends: 421 means that
// a request went to a server that cannot answer it.
const statusHTML = http.StatusMisdirectedRequest

// noHTML turns answers in HTML, from a console or a proxy, into errors. Otherwise a page
// would count as an object, and "page not found" as a missing object. A 5xx keeps its
// status: it may come from a gateway, and be temporary.
type noHTML struct{ s3.HTTPClient }

// Do implements s3.HTTPClient.
func (n noHTML) Do(r *http.Request) (*http.Response, error) {
	answer, err := n.HTTPClient.Do(r)
	if err != nil || answer.StatusCode >= 500 || answer.Header.Get("X-Amz-Request-Id") != "" {
		return answer, err
	}
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	page := answer.StatusCode < 300 && strings.HasSuffix(r.URL.Path, ".html") // a report, of a store without request ids
	if kind != "text/html" || page {
		return answer, nil
	}
	answer.StatusCode, answer.Status = statusHTML, http.StatusText(statusHTML)
	return answer, nil
}
