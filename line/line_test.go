package line

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func readAll(t *testing.T, in io.Reader, limit int) []Line {
	t.Helper()
	var lines []Line
	for r := NewReader(in, limit); ; {
		l, err := r.Next()
		if errors.Is(err, io.EOF) {
			return lines
		}
		if err != nil {
			t.Fatal(err)
		}
		l.Bytes = bytes.Clone(l.Bytes)
		lines = append(lines, l)
	}
}

func TestNext(t *testing.T) {
	long := strings.Repeat("x", 200_000)
	tests := []struct {
		name  string
		in    string
		limit int
		want  []Line
	}{
		{"nothing", "", 10, nil},
		{"one", "a\n", 10, []Line{{1, []byte("a"), false}}},
		{"no end", "a\nb", 10, []Line{{1, []byte("a"), false}, {2, []byte("b"), false}}},
		{"CR LF", "a\r\n\r\nb\r", 10, []Line{{1, []byte("a"), false}, {2, []byte(""), false}, {3, []byte("b"), false}}},
		{"only the line's own end goes", "a\r\r\n", 10, []Line{{1, []byte("a\r"), false}}},
		{"blank lines count", "\n\nc", 10, []Line{{1, []byte(""), false}, {2, []byte(""), false}, {3, []byte("c"), false}}},
		{"byte order mark", "\xef\xbb\xbfa\n\xef\xbb\xbfb", 10, []Line{{1, []byte("a"), false}, {2, []byte("\xef\xbb\xbfb"), false}}},
		{"just within", "12345\r\n12345\n12345", 5, []Line{{1, []byte("12345"), false}, {2, []byte("12345"), false}, {3, []byte("12345"), false}}},
		{"one too many", "123456\nab\n123456", 5, []Line{{1, []byte("12345"), true}, {2, []byte("ab"), false}, {3, []byte("12345"), true}}},
		{"longer than any buffer", long + "\nb\n", 1 << 20, []Line{{1, []byte(long), false}, {2, []byte("b"), false}}},
		{"far too long", long + "\nb\n", 4, []Line{{1, []byte("xxxx"), true}, {2, []byte("b"), false}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for name, in := range map[string]io.Reader{
				"whole":       strings.NewReader(test.in),
				"single byte": iotest.OneByteReader(strings.NewReader(test.in)),
				"data + EOF":  iotest.DataErrReader(strings.NewReader(test.in)),
			} {
				if diff := cmp.Diff(test.want, readAll(t, in, test.limit)); diff != "" {
					t.Errorf("%s:\n%s", name, diff)
				}
			}
		})
	}
}

func TestNextFails(t *testing.T) {
	broken := errors.New("broken")
	r := NewReader(io.MultiReader(strings.NewReader("a\nhalf"), iotest.ErrReader(broken)), 10)
	if l, err := r.Next(); err != nil || string(l.Bytes) != "a" {
		t.Fatalf("got %q, %v", l.Bytes, err)
	}
	if l, err := r.Next(); !errors.Is(err, broken) || l.Bytes != nil {
		t.Errorf("got %q, %v; half a line must not pass for one", l.Bytes, err)
	}
}

func TestBlank(t *testing.T) {
	for text, want := range map[string]bool{"": true, " \t\r": true, "a": false, "\u00a0": false} {
		if got := (Line{Bytes: []byte(text)}).Blank(); got != want {
			t.Errorf("Blank(%q) = %v", text, got)
		}
	}
	if (Line{Long: true}).Blank() {
		t.Error("a long line is never blank")
	}
}

// Every byte of the input is in exactly one line or one line end.
func FuzzNext(f *testing.F) {
	f.Add([]byte("a\r\nb\n\nc"), 3)
	f.Add([]byte("\xef\xbb\xbf{}\r"), 1)
	f.Fuzz(func(t *testing.T, text []byte, limit int) {
		limit = 1 + (limit&0x7fff_ffff)%100
		want := bytes.Split(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), []byte("\n"))
		if len(want[len(want)-1]) == 0 {
			want = want[:len(want)-1]
		}
		got := readAll(t, bytes.NewReader(text), limit)
		if len(got) != len(want) {
			t.Fatalf("%d lines, want %d", len(got), len(want))
		}
		for i, l := range got {
			whole := bytes.TrimSuffix(want[i], []byte("\r"))
			if l.Number != i+1 || l.Long != (len(whole) > limit) || !bytes.Equal(l.Bytes, whole[:min(limit, len(whole))]) {
				t.Fatalf("line %d: got %+v of %q", i+1, l, whole)
			}
		}
	})
}
