package jobs

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"billwalk/schema"
)

// wantError is the error of a value: what it should be.
type wantError string

func (w wantError) Error() string { return string(w) }

// Limits of values, as in the manual.
const (
	maxBuckets      = 256
	maxQPS          = 1_000_000
	maxTimeout      = 10 * time.Minute
	maxLookback     = 90
	defaultLookback = 7 // of a job with settlements

	defaultWithdrawalsLookback = 35
	maxPageSize                = 50 // of the bill API
	maxPasses                  = 4
	maxFen                     = 1_000_000_000_000
	maxName                    = 64 // characters
)

// form returns a regular expression, which is compiled when it is used first. Few are used when
// all is well, and to compile all takes a twentieth of a start.
func form(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

var (
	wholeForm   = form(`^(0|[1-9][0-9]{0,17})$`)
	decimalForm = form(`^[0-9]{1,9}(\.[0-9]{1,9})?$`)

	s3Form         = form(`^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[\p{L}\p{N}_=-][\p{L}\p{N}_.=-]*)*$`)
	regionNameForm = form(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)
)

// isName reports whether a text is a name of an app or job, which is safe in paths and shells.
func isName(text string) bool {
	return text != "" && !strings.ContainsRune("_.-", rune(text[0])) && !strings.ContainsFunc(text, isNotInName) && utf8.RuneCountInString(text) <= maxName
}

// isNotInName reports whether a character is in no name, and in no key.
func isNotInName(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !strings.ContainsRune("_.-", r)
}

// wholeNumber reads plain digits within the limits, both included.
func wholeNumber[N ~int | ~int64](lower, upper N) func(string) (N, error) {
	return func(text string) (N, error) {
		n, err := strconv.ParseInt(text, 10, 64)
		if !wholeForm().MatchString(text) || err != nil || N(n) < lower || N(n) > upper {
			return 0, wantError("a whole number from " + strconv.FormatInt(int64(lower), 10) + " to " + strconv.FormatInt(int64(upper), 10))
		}
		return N(n), nil
	}
}

func version(text string) (int, error) {
	if text != "1" {
		return 0, wantError("1, the version that this billwalk reads")
	}
	return 1, nil
}

func perSecond(text string) (float64, error) {
	qps, err := strconv.ParseFloat(text, 64)
	if !decimalForm().MatchString(text) || err != nil || qps <= 0 || qps > maxQPS {
		return 0, wantError("requests per second, a number above 0 and up to 1000000")
	}
	return qps, nil
}

func timeout(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 || d > maxTimeout {
		return 0, wantError("a duration above 0 and up to 10m, such as 30s")
	}
	return d, nil
}

func lookback(text string) (int, error) {
	digits, ok := strings.CutSuffix(text, "d")
	days, err := wholeNumber(0, maxLookback)(digits)
	if !ok || err != nil {
		return 0, wantError("days from 0d to 90d, such as 7d")
	}
	return days, nil
}

func boolean(text string) (bool, error) {
	if text != "true" && text != "false" {
		return false, wantError("true or false")
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
			return "", wantError("one of " + strings.Join(names, ", "))
		}
		return S(text), nil
	}
}

func date(text string) (Date, error) {
	d, ok := parseDate(text)
	if !ok {
		return Date{}, wantError(wantDate)
	}
	return d, nil
}

// plainText reads one line of text. It refuses a blank or line break at an end, which is
// usually a mistake in setting a variable, and would be sent unnoticed.
func plainText(text string) (string, error) {
	if text == "" || strings.TrimSpace(text) != text || strings.ContainsFunc(text, unicode.IsControl) {
		return "", wantError("a text on one line, without blanks around it")
	}
	return text, nil
}

// secretOrNone reads a secret that may be empty.
func secretOrNone(text string) (schema.Secret, error) {
	if text == "" {
		return schema.Secret{}, nil
	}
	text, err := plainText(text)
	return schema.NewSecret(text), err
}

func regionName(text string) (string, error) {
	if !regionNameForm().MatchString(text) {
		return "", wantError("a region's name, such as us-east-1")
	}
	return text, nil
}

// LakeURL reads s3://bucket/prefix or file:folder. file:///folder becomes file:/folder;
// file://folder is refused, because it would name a host.
func LakeURL(text string) (string, error) {
	text = strings.TrimRight(text, "/")
	if strings.HasPrefix(text, "s3:") && s3Form().MatchString(text) {
		return text, nil
	}
	folder, ok := strings.CutPrefix(text, "file:")
	if rooted, slashes := strings.CutPrefix(folder, "///"); slashes {
		folder = "/" + rooted
	}
	if _, err := plainText(folder); !ok || err != nil || strings.HasPrefix(folder, "//") {
		return "", wantError("s3://bucket, s3://bucket/prefix or file:folder")
	}
	return "file:" + folder, nil
}

// platformURL reads an absolute https URL. http is accepted for this machine only,
// because requests contain the client secret and the access token.
func platformURL(text string) (string, error) {
	u, ok := webURL(text)
	if !ok || u.Scheme == "http" && !loopback(u.Hostname()) {
		return "", wantError("an absolute URL that begins with https:// (http:// only for localhost and loopback addresses), without user, query or fragment")
	}
	return strings.TrimRight(text, "/"), nil
}

// endpointURL reads the URL of an S3-compatible store, or nothing for AWS. http is
// accepted, because requests are signed and never contain the key.
func endpointURL(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	if _, ok := webURL(text); !ok {
		return "", wantError("an absolute URL that begins with https:// or http://, or nothing for AWS")
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
