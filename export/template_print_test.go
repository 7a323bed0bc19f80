package export

import (
	"bytes"
	"strings"
	"testing"
)

// CloudFormation and the AWS CLI read YAML 1.1, in which more words are something else
// than texts: https://yaml.org/type/
func TestTextsStayTexts(t *testing.T) {
	for _, text := range []string{
		"", "y", "Y", "n", "yes", "No", "on", "OFF", "true", "False", "null", "~", "=", "<<", "!", "@x", "`x", "%x", "*", "&a", "#", "- a", "a: b", "a #b", "a:",
		"1", "-1", "+1", "1_000", "-1_0", "0x1", "-0x1f", "0b1", "+0b1", "010", "0o7", "1e3", "+1e3", "1.", ".5", "-.5", "+.5e+3", ".inf", "-.INF", ".nan",
		"1:20", "-1:30", "+1:30", "1:20.5", "2024-01-01", "2024-01-01T00:00:00Z", "2024-1-1 0:0:0", "a ", " a", "é\u0085", "\u2028", "'", `"`, "{a}", "[a]",
	} {
		var b bytes.Buffer
		if err := writeBlock(&b, object("key", text), ""); err != nil {
			t.Fatal(err)
		}
		written := strings.TrimSuffix(strings.TrimPrefix(b.String(), "key: "), "\n")
		if !strings.HasPrefix(written, `'`) && !strings.HasPrefix(written, `"`) {
			t.Errorf("%q is written %s, which may be read as something else", text, written)
		}
	}
	for _, text := range []string{"a", "data-enrichment", "arn:aws:s3:::b", "/aws/lambda/", "s3:*", "no one", "a.b"} {
		var b bytes.Buffer
		if err := writeBlock(&b, object("key", text), ""); err != nil {
			t.Fatal(err)
		}
		if b.String() != "key: "+text+"\n" {
			t.Errorf("%q needs no quotes: %s", text, b.String())
		}
	}
}
