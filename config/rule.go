package config

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Patterns of texts. They match the whole text.
var (
	namePattern    = compiled(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	regionPattern  = compiled(`^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$`)
	notifyPattern  = compiled(`^(` + topicARN + `|` + address + `)$`)
	outputPattern  = compiled(`^([A-Za-z0-9_.=-]+/)+$`)
	prefixPattern  = compiled(`^[A-Za-z0-9_.-]{0,64}$`)
	eventPattern   = compiled(`^` + fieldPath + `$`)
	folderPattern  = compiled(`^(` + fieldPath + `)?$`)
	fieldPattern   = compiled(`^[^ ` + control + `]([^` + control + `]*[^ ` + control + `])?$`)
	tagPattern     = compiled(`^[\p{L}\p{N}_.:/=+\-@]([\p{L}\p{N} _.:/=+\-@]*[\p{L}\p{N}_.:/=+\-@])?$`)
	decimalPattern = compiled(`^(0|-?[1-9][0-9]*)$`)
)

// What follows from them is part of the schema, too, so it must mean the same to
// ECMA-262: there \s holds more spaces, and \p{C} characters that only later
// versions of Unicode know.
const (
	control   = `\p{Cc}\p{Cf}\p{Co}\p{Cs}`
	fieldPart = `[^. ` + control + `]([^.` + control + `]*[^. ` + control + `])?`
	fieldPath = fieldPart + `(\.` + fieldPart + `)*`

	topicARN = `arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?`
	// What mail systems take without quotes.
	local   = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
	address = local + `(\.` + local + `)*@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,63}`
)

// What the texts of some keys must not match, although they match its pattern.
var (
	takenPattern   = compiled(`^(dead-letter|aws|redriven)/|(^|/)\.{1,2}/`)
	longEndPattern = compiled(`(^|\.)[^.]{101,}$`)
	ownTagPattern  = compiled(`^([aA][wW][sS]:|[eE][nN][rR][iI][cC][hH]:|[mM][aA][nN][aA][gG][eE][dD]-[bB][yY]$)`)
)

const (
	nameRule   = "lower-case letters, digits and single hyphens, beginning with a letter"
	regionRule = "the name of an AWS region, such as us-east-1"
	notifyRule = "an e-mail address, or the ARN of an SNS topic, such as arn:aws:sns:us-east-1:123456789012:alarms"
	outputRule = "folders, each ending with /, of letters, digits and _ . - ="
	prefixRule = "up to 64 letters, digits and _ . -"
	eventRule  = "a field of the event, with dots between the parts of a path"
	folderRule = "a field of the event, with dots between the parts of a path, or an empty text for none"
	fieldRule  = "1 to 255 bytes without control characters or spaces around them"
	tagRule    = "letters, digits, spaces and _ . : / = + - @"

	// Every resource takes 50 tags: three are ours, and one is left for who
	// runs the account.
	maxTags = 46
	// An alarm notifies at most five.
	maxTopics = 5
	// Whoever is more than that has a mailing list.
	maxNotified = 20
	// S3 keys end at 1,024 bytes; the rest of ours takes up to 680.
	maxOutputPrefix = 200
	// For the same reason: it takes three times as much when each byte is escaped.
	maxPartitionName = 100
	// DynamoDB's limit for a key attribute, in bytes.
	maxField = 255
	// In characters.
	// https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
	maxTagKey, maxTagValue = 128, 256
)

// rejectName explains the mistakes that a name is most often made with.
func rejectName(text string) string {
	switch {
	case strings.ContainsFunc(text, unicode.IsUpper), strings.ContainsRune(text, '_'):
		reason := "has capital letters or an underscore, which the bucket that is named after it cannot have"
		if better := strings.ReplaceAll(strings.ToLower(text), "_", "-"); namePattern().MatchString(better) {
			reason += fmt.Sprintf("; %q would do", better)
		}
		return reason
	case strings.Contains(text, "--"), strings.HasSuffix(text, "-"):
		return "has a double or trailing hyphen"
	}
	return ""
}

// rejectOutput keeps enriched objects out of the places that the bucket has
// for others.
func rejectOutput(text string) string {
	if len(text) > maxOutputPrefix {
		return fmt.Sprintf("is longer than %d bytes", maxOutputPrefix)
	}
	for _, taken := range []string{"dead-letter/", "aws/", "redriven/"} {
		if strings.HasPrefix(text, taken) {
			return fmt.Sprintf("lies in %s, which holds records that could not be delivered", taken)
		}
	}
	for part := range strings.SplitSeq(text, "/") {
		if part == "." || part == ".." {
			return fmt.Sprintf("has a folder named %q", part)
		}
	}
	if strings.HasPrefix(text, "/") {
		return "begins with /"
	}
	if text != "" && !strings.HasSuffix(text, "/") {
		return "does not end with /"
	}
	return ""
}

// rejectLong bounds names of attributes and event fields.
func rejectLong(text string) string {
	if len(text) > maxField {
		return fmt.Sprintf("is longer than %d bytes", maxField)
	}
	return ""
}

// rejectPartition bounds the path, and of it the part that names folders.
func rejectPartition(text string) string {
	if name := text[strings.LastIndexByte(text, '.')+1:]; len(name) > maxPartitionName {
		return fmt.Sprintf("ends with a name of more than %d bytes", maxPartitionName)
	}
	return rejectLong(text)
}

// rejectTagKey keeps a user's tags apart from AWS's and ours.
func rejectTagKey(key string) string {
	lower := strings.ToLower(key)
	switch {
	case strings.HasPrefix(lower, "aws:"):
		return "begins with aws:, which is AWS's own"
	case strings.HasPrefix(lower, "enrich:"), lower == "managed-by":
		return "is a tag that enrich sets itself"
	case utf8.RuneCountInString(key) > maxTagKey:
		return fmt.Sprintf("is longer than %d characters", maxTagKey)
	case !tagPattern().MatchString(key):
		return "is not a tag's name: use " + tagRule
	}
	return ""
}

func rejectTagValue(value string) string {
	switch {
	case utf8.RuneCountInString(value) > maxTagValue:
		return fmt.Sprintf("is longer than %d characters", maxTagValue)
	case value != "" && !tagPattern().MatchString(value):
		return "is not a tag's value: use " + tagRule
	}
	return ""
}
