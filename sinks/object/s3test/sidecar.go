package main

import (
	"context"
	"errors"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/s3response"
)

// sidecars is the backend for file systems without extended attributes. The gateway writes
// an object and its metadata one after the other, so that a reader could see one without the
// other, and keeps old metadata if the new object has none. This backend lets a write run
// alone.
type sidecars struct {
	*posix.Posix
	mu      sync.RWMutex
	storage meta.SideCar
}

// userMetadata is the gateway's name for the X-Amz-Meta headers of a client.
const userMetadata = "metadata"

func (s *sidecars) PutObject(ctx context.Context, in s3response.PutObjectInput) (s3response.PutObjectOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out, err := s.Posix.PutObject(ctx, in)
	if err != nil || len(in.Metadata) > 0 {
		return out, err
	}
	err = s.storage.DeleteAttribute(*in.Bucket, *in.Key, userMetadata)
	if errors.Is(err, meta.ErrNoSuchKey) {
		err = nil
	}
	return out, err
}

func (s *sidecars) GetObject(ctx context.Context, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.Posix.GetObject(ctx, in)
}

func (s *sidecars) HeadObject(ctx context.Context, in *s3.HeadObjectInput) (*s3.HeadObjectOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.Posix.HeadObject(ctx, in)
}

func (s *sidecars) ListObjectsV2(ctx context.Context, in *s3.ListObjectsV2Input) (s3response.ListObjectsV2Result, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.Posix.ListObjectsV2(ctx, in)
}
