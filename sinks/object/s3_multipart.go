package object

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const (
	// maxObject, in bytes, and maxParts are S3's limits for one object.
	maxObject = 5 << 40
	maxParts  = 10_000
	// partSize, in bytes, is the size of a part unless that gives more than maxParts. A
	// lost connection costs one part.
	partSize = 64 << 20
	// abortTimeout is how long the removal of a failed upload may take, even if the
	// caller has no time left.
	abortTimeout = 10 * time.Second
)

// putParts stores a large object in parts that no reader sees, and completes the upload under
// the condition. If it fails before, it removes the parts.
//
// If the outcome of completing is unknown, the parts stay: in some stores an abort removes
// them from an object that was just completed (Ceph before PR 60771, SeaweedFS before
// 11385). A kill leaves them, too, so that the bucket needs a lifecycle rule for incomplete
// uploads.
func (b *bucket) putParts(ctx context.Context, key string, content io.ReaderAt, size int64, cond Condition, meta map[string]string) (Info, error) {
	created, err := b.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &b.name, Key: &key, Metadata: meta, ContentType: contentType(key)})
	if err != nil {
		return Info{}, b.putError(key, Always(), err)
	}
	parts, err := b.sendParts(ctx, key, created.UploadId, content, size)
	if err != nil {
		return Info{}, b.abort(ctx, key, created.UploadId, b.putError(key, Always(), err))
	}
	in := &s3.CompleteMultipartUploadInput{
		Bucket: &b.name, Key: &key, UploadId: created.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	}
	in.IfMatch, in.IfNoneMatch = cond.headers()
	out, err := b.client.CompleteMultipartUpload(ctx, in, once)
	if err != nil {
		failure := b.putError(key, cond, err)
		if status, _ := answerOf(err); mayComeLate(status, err) {
			return Info{}, failure
		}
		return Info{}, b.abort(ctx, key, created.UploadId, failure)
	}
	return Info{Key: key, ETag: unquote(out.ETag), Size: size, Meta: meta}.clone(), nil
}

// sendParts sends the content in parts of equal size, the last one smaller. Sending a part
// again replaces it, so that each is tried as often as a read.
func (b *bucket) sendParts(ctx context.Context, key string, upload *string, content io.ReaderAt, size int64) ([]types.CompletedPart, error) {
	each := partLength(size, b.partSize)
	var parts []types.CompletedPart
	for from := int64(0); from < size; from += each {
		number := aws.Int32(int32(len(parts) + 1)) // at most maxParts
		length := min(each, size-from)
		sent, err := b.client.UploadPart(ctx, &s3.UploadPartInput{
			Bucket: &b.name, Key: &key, UploadId: upload, PartNumber: number,
			Body: io.NewSectionReader(content, from, length), ContentLength: &length,
		})
		if err != nil {
			return nil, fmt.Errorf("part %d: %w", *number, err)
		}
		parts = append(parts, types.CompletedPart{ETag: sent.ETag, PartNumber: number})
	}
	return parts, nil
}

// partLength returns the size of a part in bytes: the usual one, or a larger one so that there
// are at most maxParts.
func partLength(size, usual int64) int64 { return max(usual, (size+maxParts-1)/maxParts) }

// abort removes the parts of an upload that will not be completed. It returns why, with what
// went wrong with the removal.
func (b *bucket) abort(ctx context.Context, key string, upload *string, why error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
	defer cancel()
	_, err := b.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &b.name, Key: &key, UploadId: upload})
	if _, code := answerOf(err); err != nil && code != noSuchUpload {
		// %v hides the kind of this error: only the outcome of the write counts.
		return fmt.Errorf("%w; its parts stay until the bucket's lifecycle rule for incomplete uploads removes them: %v", why, err)
	}
	return why
}
