# An image with one static binary, CA certificates and an empty /tmp:
#
#   docker build --build-arg RELEASE=v1.0.0 -t billwalk:v1.0.0 .
FROM golang:1.26.8-bookworm AS build
WORKDIR /src
ENV GOTOOLCHAIN=local
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG RELEASE=
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.release=${RELEASE}" -o /image/billwalk ./cmd/billwalk
RUN install -D -m 644 /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt \
 && install -d -m 1777 /image/tmp

FROM scratch
COPY --from=build /image/ /
# An unprivileged user. jobs.yaml and a folder to write to are mounted; the root may be read-only.
USER 65532:65532
ENTRYPOINT ["/billwalk"]
