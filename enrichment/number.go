package enrichment

import (
	"bytes"
	"strconv"
)

// Limits of a DynamoDB number: 38 digits between 1E-130 and 9.99…E+125.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const (
	maxDigits   = 38
	maxExponent = 125
	minExponent = -130
)

const outOfRange = "outside the range of numbers (1E-130 to 9.99E+125)"

// AppendNumber appends the one spelling that all spellings of a number share: 1,
// 1.0, +01 and 10e-1 are 1e0. DynamoDB takes it for the number. When text is none
// that DynamoDB can hold, the reason says why and dst is answered as it came.
func AppendNumber[T []byte | string](dst []byte, text T) (number []byte, reason string) {
	unsigned, negative := []byte(text), false
	switch {
	case len(unsigned) == 0:
		return dst, "not a number"
	case unsigned[0] == '-':
		unsigned, negative = unsigned[1:], true
	case unsigned[0] == '+':
		unsigned = unsigned[1:]
	}
	mantissa, exponent, scientific := cutExponent(unsigned)
	whole, fraction, point := bytes.Cut(mantissa, []byte("."))
	if !digits(whole) || point && !digits(fraction) || scientific && !signedDigits(exponent) {
		return dst, "not a number"
	}
	whole = bytes.TrimLeft(whole, "0")
	power := len(whole) - 1 // of ten, of the first significant digit
	if len(whole) == 0 {
		power = len(bytes.TrimLeft(fraction, "0")) - len(fraction) - 1
	}
	significant := append(append(make([]byte, 0, 2*maxDigits), whole...), fraction...)
	significant = bytes.TrimRight(bytes.TrimLeft(significant, "0"), "0")
	if len(significant) == 0 {
		return append(dst, '0'), ""
	}
	if scientific {
		e, err := strconv.Atoi(string(exponent))
		if err != nil || e > 1<<30 || e < -1<<30 {
			return dst, outOfRange
		}
		power += e
	}
	switch {
	case len(significant) > maxDigits:
		return dst, "a number of " + strconv.Itoa(len(significant)) + " digits, of which 38 are allowed"
	case power > maxExponent || power < minExponent:
		return dst, outOfRange
	}
	if negative {
		dst = append(dst, '-')
	}
	dst = append(dst, significant[0])
	if len(significant) > 1 {
		dst = append(append(dst, '.'), significant[1:]...)
	}
	return strconv.AppendInt(append(dst, 'e'), int64(power), 10), ""
}

// cutExponent splits at the exponent's letter.
func cutExponent(text []byte) (mantissa, exponent []byte, found bool) {
	at := bytes.IndexAny(text, "eE")
	if at < 0 {
		return text, nil, false
	}
	return text[:at], text[at+1:], true
}

func signedDigits(text []byte) bool {
	if len(text) > 0 && (text[0] == '+' || text[0] == '-') {
		text = text[1:]
	}
	return digits(text)
}

// digits tells whether a text is one or more decimal digits.
func digits(text []byte) bool {
	for _, c := range text {
		if !isDigit(c) {
			return false
		}
	}
	return len(text) > 0
}
