package emulator

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// readConditions evaluates the conditional headers in the order of RFC 9110.
func readConditions(header http.Header, version *s3Version) *apiError {
	matches := func(list string) bool {
		for tag := range strings.SplitSeq(list, ",") {
			if tag = strings.TrimSpace(tag); tag == "*" || strings.Trim(tag, `"`) == strings.Trim(version.etag, `"`) {
				return true
			}
		}
		return false
	}
	modified := version.modified.Truncate(time.Second)
	if match := header.Get("If-Match"); match != "" {
		if !matches(match) {
			return preconditionFailed("If-Match")
		}
	} else if since, err := http.ParseTime(header.Get("If-Unmodified-Since")); err == nil && modified.After(since) {
		return preconditionFailed("If-Unmodified-Since")
	}
	notModified := failf(http.StatusNotModified, "NotModified", "Not Modified")
	if none := header.Get("If-None-Match"); none != "" {
		if matches(none) {
			return notModified
		}
	} else if since, err := http.ParseTime(header.Get("If-Modified-Since")); err == nil && !modified.After(since) {
		return notModified
	}
	return nil
}

// parseRange reads a Range header. One that is not understood is ignored, as
// RFC 9110 says and S3 does.
func parseRange(header string, size int64) (first, last int64, ok bool, err error) {
	spec, found := strings.CutPrefix(header, "bytes=")
	from, to, dash := strings.Cut(spec, "-")
	if !found || !dash || strings.Contains(spec, ",") {
		return 0, 0, false, nil
	}
	invalid := failf(http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "The requested range is not satisfiable")
	invalid.Extra = map[string]any{"RangeRequested": header, "ActualObjectSize": size}
	if from == "" {
		n, number := offset(to)
		switch {
		case !number:
			return 0, 0, false, nil
		case n == 0 || size == 0:
			return 0, 0, false, invalid
		}
		return max(size-n, 0), size - 1, true, nil
	}
	first, number := offset(from)
	if !number {
		return 0, 0, false, nil
	}
	last = size - 1
	if to != "" {
		n, number := offset(to)
		if !number || n < first {
			return 0, 0, false, nil
		}
		last = min(n, last)
	}
	if first >= size {
		return 0, 0, false, invalid
	}
	return first, last, true, nil
}

// headerTags reads the tags of the x-amz-tagging header: a URL query.
func headerTags(header string) (map[string]string, error) {
	if header == "" {
		return nil, nil
	}
	values, err := url.ParseQuery(header)
	if err != nil {
		return nil, invalidArgument("x-amz-tagging", header, "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.")
	}
	var tags []xmlTag
	for key, list := range values {
		for _, value := range list {
			tags = append(tags, xmlTag{Key: key, Value: value})
		}
	}
	if tags, err = checkTags(tags, 10); err != nil {
		return nil, err
	}
	return tagMap(tags), nil
}

func tagMap(tags []xmlTag) map[string]string {
	m := make(map[string]string, len(tags))
	for _, tag := range tags {
		m[tag.Key] = tag.Value
	}
	return m
}

// offset reads one end of a range, a number of bytes.
func offset(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && n >= 0
}
