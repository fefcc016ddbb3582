package jobs

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// virtualHosted are the domains of services that accept the bucket as a part of the host
// name. Most other host names cannot be resolved with a bucket before them.
var virtualHosted = []string{
	"amazonaws.com", "amazonaws.com.cn", "aliyuncs.com", "myqcloud.com", "myhuaweicloud.com", "volces.com", "bcebos.com", "ksyuncs.com", "qiniucs.com", "jdcloud-oss.com",
	"ctyunapi.cn", "cloudflarestorage.com", "backblazeb2.com", "wasabisys.com", "digitaloceanspaces.com", "googleapis.com", "scw.cloud", "linodeobjects.com", "vultrobjects.com",
}

// endpoint returns warnings about an endpoint that is probably wrong, and reports one
// that certainly is. Neither shows the value, which may come from the environment.
func (r *reader) endpoint(at place, lake Lake) (warnings []string) {
	u, err := url.Parse(lake.Endpoint)
	if err != nil {
		return nil
	}
	inBucket := strings.TrimPrefix(lake.URL, "s3://")
	bucket, _, _ := strings.Cut(inBucket, "/")
	switch path := strings.Trim(u.Path, "/"); path {
	case "":
	case bucket, inBucket:
		r.fault(at, "endpoint: its path is the bucket, which url has already: endpoint 只写服务地址,去掉路径; write it without the path")
	default:
		warnings = append(warnings, "lake.endpoint has a path: S3 地址通常没有路径,是否填了控制台或反向代理的地址? an S3 API is commonly at the root of its address, and a console has paths: leave the path out, unless the store's manual gives it")
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	switch {
	case strings.HasPrefix(host, bucket+"."):
		warnings = append(warnings, "the host of lake.endpoint begins with the bucket's name, which comes from lake.url: endpoint 的主机名不要带桶名; leave it out of the host, unless the store itself is called so")
	case !lake.PathStyle && needsPathStyle(host):
		warnings = append(warnings, "lake.path_style is false: 自建存储请设 path_style: true; the bucket is then a part of the host name (bucket.host), which DNS and the store must know: set lake.path_style: true for a store of your own")
	}
	return warnings
}

// needsPathStyle reports whether the host name probably cannot be resolved with a bucket
// before it. With an IP address the bucket is in the path in any case.
func needsPathStyle(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return false
	}
	return !slices.ContainsFunc(virtualHosted, func(domain string) bool { return host == domain || strings.HasSuffix(host, "."+domain) })
}
