package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// document makes a value of what has a JSON form, with the members in their order:
// a policy, the body of a dashboard.
func document(of any, text func(string) Text, number func(int) value) (value, error) {
	data, err := json.Marshal(of)
	if err != nil {
		return nil, fmt.Errorf("writing a document: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	r := reader{decoder, text, number}
	return r.next()
}

type reader struct {
	*json.Decoder
	text   func(string) Text
	number func(int) value
}

func (r reader) next() (value, error) {
	token, err := r.Token()
	if err != nil {
		return nil, fmt.Errorf("reading a document: %w", err)
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '{' {
			return r.object()
		}
		return r.list()
	case string:
		return r.text(t), nil
	case json.Number:
		if n, err := strconv.Atoi(t.String()); err == nil {
			return r.number(n), nil
		}
		return t.Float64()
	}
	return token, nil
}

func (r reader) object() (value, error) {
	m := &Map{}
	for r.More() {
		key, err := r.Token()
		if err != nil {
			return nil, fmt.Errorf("reading a document: %w", err)
		}
		v, err := r.next()
		if err != nil {
			return nil, err
		}
		m.put(key.(string), v)
	}
	_, err := r.Token()
	return m, err
}

func (r reader) list() (value, error) {
	l := List{}
	for r.More() {
		v, err := r.next()
		if err != nil {
			return nil, err
		}
		l = append(l, v)
	}
	_, err := r.Token()
	return l, err
}
