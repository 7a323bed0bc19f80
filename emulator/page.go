package emulator

import (
	"cmp"
	"encoding/base64"
	"errors"
	"maps"
	"slices"
	"strings"
)

// tokenMark begins every pagination token, so that a token of somewhere else is
// told apart.
const tokenMark = "page:"

var errToken = errors.New("not a pagination token")

// encodeToken makes an opaque pagination token of the last item of a page.
func encodeToken(last string) string {
	return base64.URLEncoding.EncodeToString([]byte(tokenMark + last))
}

// decodeToken gives the item after which a page begins; "" for no token.
func decodeToken(token string) (string, error) {
	if token == "" {
		return "", nil
	}
	raw, err := base64.URLEncoding.DecodeString(token)
	if err != nil {
		return "", errToken
	}
	last, ok := strings.CutPrefix(string(raw), tokenMark)
	if !ok {
		return "", errToken
	}
	return last, nil
}

// deref gives the zero value for nil.
func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
