package enrichment

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// plainMost is the size in bytes up to which lookups are written as they are.
const plainMost = 2048

// FormatLookups writes what ParseLookups reads: JSON or, when that is long, the
// same compressed by gzip, in base64. Lambda gives all of a function's environment
// 4 KB, and people can read what is short.
func FormatLookups(lookups []Lookup) (string, error) {
	text, err := json.Marshal(lookups)
	if err != nil || len(text) <= plainMost {
		return string(text), err
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err := w.Write(text); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(packed.Bytes()), nil
}

// unpackedMost bounds what compressed lookups may become, in bytes.
const unpackedMost = 1 << 20

// packedPrefix is what gzip's magic and method are in base64. No JSON begins so.
const packedPrefix = "H4sI"

// unpack undoes FormatLookups' compression, if there is any.
func unpack(text []byte) ([]byte, error) {
	if !bytes.HasPrefix(text, []byte(packedPrefix)) {
		return text, nil
	}
	r, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(text)))
	if err != nil {
		return nil, fmt.Errorf("compressed lookups: %w", err)
	}
	plain, err := io.ReadAll(io.LimitReader(r, unpackedMost+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("compressed lookups: %w", err)
	case len(plain) > unpackedMost:
		return nil, fmt.Errorf("compressed lookups of more than %d bytes", unpackedMost)
	}
	return plain, nil
}

// ParseLookups reads a JSON array of lookups, fills in defaults and validates
// it. A member that it does not know is an error. The error names the member.
func ParseLookups(text []byte) ([]Lookup, error) {
	text, err := unpack(text)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	var lookups []Lookup
	if err := decoder.Decode(&lookups); err != nil {
		return nil, fmt.Errorf("not an array of lookups: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("not an array of lookups: more text follows it")
	}
	for i := range lookups {
		lookups[i] = lookups[i].withDefaults()
	}
	return lookups, Validate(lookups)
}

func (l Lookup) withDefaults() Lookup {
	if l.TableKey == "" {
		l.TableKey = l.Key[strings.LastIndexByte(l.Key, '.')+1:]
	}
	if l.Missing == "" {
		l.Missing = MissingUnknown
	}
	return l
}

// UnmarshalJSON reads a lookup. A member that it does not know is an error, one
// that is not there leaves the zero value, but for the cache.
func (l *Lookup) UnmarshalJSON(text []byte) error {
	type plain Lookup // without this method
	read := plain{Cache: DefaultCache()}
	if err := decodeStrictly(text, &read); err != nil {
		return err
	}
	*l = Lookup(read)
	return nil
}

func decodeStrictly(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

// MarshalJSON writes "email", or {"from":"email","to":"mail"} for a renamed one.
func (f Field) MarshalJSON() ([]byte, error) {
	if f.To == "" || f.To == f.From {
		return json.Marshal(f.From)
	}
	return json.Marshal(map[string]string{"from": f.From, "to": f.To})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (f *Field) UnmarshalJSON(text []byte) error {
	*f = Field{}
	if json.Unmarshal(text, &f.From) == nil {
		return nil
	}
	var renamed struct{ From, To string }
	if err := decodeStrictly(text, &renamed); err != nil {
		return fmt.Errorf(`a field is a name or {"from": name, "to": name}: %w`, err)
	}
	f.From, f.To = renamed.From, renamed.To
	return nil
}
