package emulator

import (
	"encoding/binary"
	"math/big"
	"strconv"
	"strings"
)

// decimal is a DynamoDB number: exact, up to 38 significant digits. Its value is
// 0.DIGITS × 10^exponent; digits begin and end with a digit other than 0, and
// zero has none.
type decimal struct {
	negative bool
	digits   string
	exponent int
}

const (
	significantDigits = 38
	largestExponent   = 126  // 9.99…E125
	smallestExponent  = -129 // 1E-130
)

// parseDecimal parses a number as DynamoDB does.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
func parseDecimal(s string) (decimal, error) {
	mantissa, negative := strings.CutPrefix(s, "-")
	if !negative {
		mantissa = strings.TrimPrefix(s, "+")
	}
	exponent := 0
	if at := strings.IndexAny(mantissa, "eE"); at >= 0 {
		n, err := strconv.ParseInt(mantissa[at+1:], 10, 32)
		if err != nil {
			return decimal{}, notNumeric(s)
		}
		mantissa, exponent = mantissa[:at], int(n)
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := whole + fraction
	if digits == "" || strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }) >= 0 {
		return decimal{}, notNumeric(s)
	}
	exponent += len(whole)
	trimmed := strings.TrimLeft(digits, "0")
	exponent -= len(digits) - len(trimmed)
	trimmed = strings.TrimRight(trimmed, "0")
	if trimmed == "" {
		return decimal{}, nil
	}
	return decimal{negative, trimmed, exponent}.checked()
}

func notNumeric(s string) error {
	if s == "" {
		return dynamoInvalid("The parameter cannot be converted to a numeric value")
	}
	return dynamoInvalid("The parameter cannot be converted to a numeric value: %.100s", s)
}

// checked refuses what DynamoDB cannot store.
func (d decimal) checked() (decimal, error) {
	switch {
	case d.digits == "":
		return decimal{}, nil
	case d.exponent > largestExponent:
		return d, dynamoInvalid("Number overflow. Attempting to store a number with magnitude larger than supported range")
	case d.exponent < smallestExponent:
		return d, dynamoInvalid("Number underflow. Attempting to store a number with magnitude smaller than supported range")
	case len(d.digits) > significantDigits:
		return d, dynamoInvalid("Attempting to store more than 38 significant digits in a Number")
	}
	return d, nil
}

// String writes the number as DynamoDB gives it back: plain, never with an
// exponent.
func (d decimal) String() string {
	if d.digits == "" {
		return "0"
	}
	var b strings.Builder
	if d.negative {
		b.WriteByte('-')
	}
	switch n := len(d.digits); {
	case d.exponent <= 0:
		b.WriteString("0.")
		b.WriteString(strings.Repeat("0", -d.exponent))
		b.WriteString(d.digits)
	case d.exponent >= n:
		b.WriteString(d.digits)
		b.WriteString(strings.Repeat("0", d.exponent-n))
	default:
		b.WriteString(d.digits[:d.exponent])
		b.WriteByte('.')
		b.WriteString(d.digits[d.exponent:])
	}
	return b.String()
}

// size is what the number takes in an item, in bytes: one for every two digits,
// one more, and one for the sign.
func (d decimal) size() int {
	size := (len(d.digits)+1)/2 + 1
	if d.negative {
		size++
	}
	return size
}

// ordered writes the number so that bytes compare as numbers do.
func (d decimal) ordered() []byte {
	if d.digits == "" {
		return []byte{0x80}
	}
	b := binary.BigEndian.AppendUint16([]byte{0xc0}, uint16(d.exponent+1000)) //nolint:gosec // exponents are checked
	b = append(append(b, d.digits...), 0)
	if d.negative {
		for i := range b {
			b[i] = ^b[i]
		}
	}
	return b
}

// integer gives the number times 10^scale; scale must leave no fraction.
func (d decimal) integer(scale int) *big.Int {
	n := new(big.Int)
	if d.digits == "" {
		return n
	}
	n.SetString(d.digits, 10)
	power := big.NewInt(int64(d.exponent - len(d.digits) + scale))
	n.Mul(n, power.Exp(big.NewInt(10), power, nil))
	if d.negative {
		n.Neg(n)
	}
	return n
}

// add gives d + e, or d − e.
func (d decimal) add(e decimal, minus bool) (decimal, error) {
	scale := max(len(d.digits)-d.exponent, len(e.digits)-e.exponent, 0)
	sum, other := d.integer(scale), e.integer(scale)
	if minus {
		other.Neg(other)
	}
	sum.Add(sum, other)
	digits := new(big.Int).Abs(sum).String()
	exponent := len(digits) - scale
	if sum.Sign() == 0 {
		return decimal{}, nil
	}
	return decimal{sum.Sign() < 0, strings.TrimRight(digits, "0"), exponent}.checked()
}

// compare gives the order of two numbers.
func (d decimal) compare(e decimal) int {
	return strings.Compare(string(d.ordered()), string(e.ordered()))
}
