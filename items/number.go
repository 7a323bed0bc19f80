package items

import (
	"strconv"
	"strings"
)

// Limits of a DynamoDB number: 38 digits between 1E-130 and 9.99…E+125.
const (
	maxDigits   = 38
	maxExponent = 125
	minExponent = -130
)

// number checks a decimal number and gives it as DynamoDB takes it (every digit
// as it is, without + and zeros in front) and its identity, in which equal
// numbers are equal: "1", "1.0" and "10e-1" are one key.
func number(text string) (value, identity, reason string) {
	unsigned, sign := strings.TrimPrefix(text, "+"), ""
	if rest, negative := strings.CutPrefix(text, "-"); negative {
		unsigned, sign = rest, "-"
	}
	mantissa, exponent, scientific := cutExponent(unsigned)
	whole, fraction, point := strings.Cut(mantissa, ".")
	if !digits(whole) || point && !digits(fraction) || scientific && !digits(strings.TrimLeft(exponent[:1], "+-")+exponent[1:]) {
		return "", "", "not a number"
	}
	whole = strings.TrimLeft(whole, "0")
	significant := strings.TrimRight(strings.TrimLeft(whole+fraction, "0"), "0")
	value = sign + whole
	if whole == "" {
		value += "0"
	}
	if point {
		value += "." + fraction
	}
	if significant == "" {
		return "0", "0", ""
	}
	power := 0 // of ten, of the first significant digit
	if scientific {
		var err error
		if power, err = strconv.Atoi(exponent); err != nil || power > 1<<30 || power < -1<<30 {
			return "", "", "outside the range of numbers (1E-130 to 9.99E+125)"
		}
		value += "e" + exponent
	}
	if whole != "" {
		power += len(whole) - 1
	} else {
		power -= 1 + len(fraction) - len(strings.TrimLeft(fraction, "0"))
	}
	switch {
	case len(significant) > maxDigits:
		return "", "", "a number of " + strconv.Itoa(len(significant)) + " digits, of which 38 are allowed"
	case power > maxExponent || power < minExponent:
		return "", "", "outside the range of numbers (1E-130 to 9.99E+125)"
	}
	return value, sign + significant + "e" + strconv.Itoa(power), ""
}

// cutExponent splits at the exponent's letter. The exponent is never empty when
// there is a letter and something after it.
func cutExponent(text string) (mantissa, exponent string, found bool) {
	at := strings.IndexAny(text, "eE")
	if at < 0 {
		return text, "", false
	}
	if at == len(text)-1 {
		return "", "", false // no digits: not a number
	}
	return text[:at], text[at+1:], true
}

// digits tells whether a text is one or more decimal digits.
func digits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}
