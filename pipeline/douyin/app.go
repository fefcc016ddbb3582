package douyin

import (
	"time"

	"billwalk/schema"
)

// App is one Douyin application: its credentials and its quota.
type App struct {
	Name         string // in jobs.yaml
	BaseURL      string // such as https://open.douyin.com; may have a path and a trailing slash
	ClientKey    string
	ClientSecret schema.Secret
	QPS          float64       // requests per second of one API, fractions allowed; 10 if not positive
	Timeout      time.Duration // of one request with its answer; 30 s if not positive
}
