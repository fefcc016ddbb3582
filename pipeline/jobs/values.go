package jobs

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"billwalk/schema"
)

// want is the error of a value: what it should be.
type want string

func (w want) Error() string { return string(w) }

// Limits of values, as the manual has them.
const (
	mostBuckets     = 256
	mostQPS         = 1_000_000
	mostTimeout     = 10 * time.Minute
	mostLookback    = 90
	defaultLookback = 7  // of a job with settlements
	mostPageSize    = 50 // of the bill API
	mostPasses      = 4
	mostFen         = 1_000_000_000_000
)

var (
	whole   = regexp.MustCompile(`^(0|[1-9][0-9]{0,17})$`)
	decimal = regexp.MustCompile(`^[0-9]{1,9}(\.[0-9]{1,9})?$`)

	// naming is what apps and jobs may be called: no dot or dash first, nothing that a path or a shell reads.
	naming = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}_.-]{0,63}$`)

	s3URL  = regexp.MustCompile(`^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[\p{L}\p{N}_=-][\p{L}\p{N}_.=-]*)*$`)
	region = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)
)

// wholeNumber reads plain digits within the limits, both included.
func wholeNumber[N ~int | ~int64](least, most N) func(string) (N, error) {
	return func(text string) (N, error) {
		n, err := strconv.ParseInt(text, 10, 64)
		if !whole.MatchString(text) || err != nil || N(n) < least || N(n) > most {
			return 0, want("a whole number from " + strconv.FormatInt(int64(least), 10) + " to " + strconv.FormatInt(int64(most), 10))
		}
		return N(n), nil
	}
}

func version(text string) (int, error) {
	if text != "1" {
		return 0, want("1, the version that this billwalk reads")
	}
	return 1, nil
}

func perSecond(text string) (float64, error) {
	qps, err := strconv.ParseFloat(text, 64)
	if !decimal.MatchString(text) || err != nil || qps <= 0 || qps > mostQPS {
		return 0, want("requests per second, a number above 0 and up to 1000000")
	}
	return qps, nil
}

func timeout(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 || d > mostTimeout {
		return 0, want("a duration above 0 and up to 10m, such as 30s")
	}
	return d, nil
}

func lookback(text string) (int, error) {
	digits, ok := strings.CutSuffix(text, "d")
	days, err := wholeNumber(0, mostLookback)(digits)
	if !ok || err != nil {
		return 0, want("days from 0d to 90d, such as 7d")
	}
	return days, nil
}

func yesOrNo(text string) (bool, error) {
	if text != "true" && text != "false" {
		return false, want("true or false")
	}
	return text == "true", nil
}

// oneOf reads one of the given texts.
func oneOf[S ~string](known ...S) func(string) (S, error) {
	return func(text string) (S, error) {
		if !slices.Contains(known, S(text)) {
			names := make([]string, len(known))
			for i, k := range known {
				names[i] = string(k)
			}
			return "", want("one of " + strings.Join(names, ", "))
		}
		return S(text), nil
	}
}

func date(text string) (Date, error) {
	d, ok := parseDate(text)
	if !ok {
		return Date{}, want(wantDate)
	}
	return d, nil
}

// plain reads one line of text. A blank or line break at an end is mostly left
// over from how a variable was set, and would be sent along unseen.
func plain(text string) (string, error) {
	if text == "" || strings.TrimSpace(text) != text || strings.ContainsFunc(text, unicode.IsControl) {
		return "", want("a text on one line, without blanks around it")
	}
	return text, nil
}

// secretOrNone reads a secret that may be empty.
func secretOrNone(text string) (schema.Secret, error) {
	if text == "" {
		return schema.Secret{}, nil
	}
	text, err := plain(text)
	return schema.NewSecret(text), err
}

func regionName(text string) (string, error) {
	if !region.MatchString(text) {
		return "", want("a region's name, such as us-east-1")
	}
	return text, nil
}

// lakeURL reads s3://bucket/prefix or file:folder. file:///folder is taken as
// file:/folder; file://folder would name a host.
func lakeURL(text string) (string, error) {
	text = strings.TrimRight(text, "/")
	if s3URL.MatchString(text) {
		return text, nil
	}
	folder, ok := strings.CutPrefix(text, "file:")
	if rooted, slashes := strings.CutPrefix(folder, "///"); slashes {
		folder = "/" + rooted
	}
	if _, err := plain(folder); !ok || err != nil || strings.HasPrefix(folder, "//") {
		return "", want("s3://bucket, s3://bucket/prefix or file:folder")
	}
	return "file:" + folder, nil
}

// platformURL reads an absolute https URL. Plain http is for this machine only:
// the client secret and the access token travel in it.
func platformURL(text string) (string, error) {
	u, ok := webURL(text)
	if !ok || u.Scheme == "http" && !loopback(u.Hostname()) {
		return "", want("an absolute URL that begins with https:// (http:// only for localhost and loopback addresses), without user, query or fragment")
	}
	return strings.TrimRight(text, "/"), nil
}

// endpointURL reads the URL of an S3-compatible store, or nothing for AWS. Plain
// http is accepted: requests are signed and the key itself is never sent.
func endpointURL(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	if _, ok := webURL(text); !ok {
		return "", want("an absolute URL that begins with https:// or http://, or nothing for AWS")
	}
	return strings.TrimRight(text, "/"), nil
}

func webURL(text string) (*url.URL, bool) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || strings.ContainsAny(text, "?# ") {
		return nil, false
	}
	if port := u.Port(); port != "" {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return nil, false
		}
	}
	return u, u.Scheme == "https" || u.Scheme == "http"
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}
