# An image with one static binary, its list of modules (/sbom.cdx.json), CA certificates and an empty /tmp. The version is
# that of git's tag, or of the commit:
#
#   docker build -t billwalk .
#   docker run --rm --read-only --tmpfs /tmp --user 65534:65534 billwalk demo
FROM --platform=$BUILDPLATFORM golang:1.26.8-bookworm AS build
WORKDIR /src
ENV GOTOOLCHAIN=local
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# A worktree's .git names a folder that is not here.
RUN git rev-parse --quiet --verify HEAD || rm -rf .git
# The platform to build for, as BuildKit says it. RELEASE names the version where there is no .git, and from v2 on.
ARG TARGETOS TARGETARCH RELEASE=
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags "-s -w -X main.release=${RELEASE}" -o /image/billwalk ./cmd/billwalk
RUN go run github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0 bin -json -output /image/sbom.cdx.json /image/billwalk
RUN install -D -m 644 /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt
RUN install -d -m 1777 /image/tmp

FROM scratch
COPY --from=build /image/ /
LABEL org.opencontainers.image.title=billwalk \
      org.opencontainers.image.description="The nightly money check of catering merchants on Douyin's local-life platform" \
      org.opencontainers.image.documentation="billwalk help"
# An unprivileged user, in the one folder that can be written. jobs.yaml is mounted; the root may be read-only.
USER 65532:65532
WORKDIR /tmp
ENTRYPOINT ["/billwalk"]
