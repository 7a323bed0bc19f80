package items

import (
	"strings"

	"enrich/enrichment"
)

// number checks a decimal number and gives it as DynamoDB takes it (every digit
// as it is, without + and zeros in front) and its identity, in which equal
// numbers are equal: "1", "1.0" and "10e-1" are one key.
func number(text string) (value, identity, reason string) {
	canonical, reason := enrichment.AppendNumber(nil, text)
	if reason != "" {
		return "", "", reason
	}
	identity = string(canonical)
	if identity == "0" {
		return "0", "0", ""
	}
	sign := ""
	if text[0] == '-' {
		sign = "-"
	}
	value = strings.TrimLeft(strings.TrimLeft(text, "+-"), "0")
	if value[0] < '0' || value[0] > '9' { // a point or an exponent: the zeros were all there was before it
		value = "0" + value
	}
	return sign + value, identity, ""
}
