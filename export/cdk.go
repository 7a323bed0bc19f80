package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// cdkDialect is that of one of the languages.
func cdkDialect(l cdkLanguage) Dialect {
	return Dialect{
		Name: l.dialect(), Manager: l.dialect(), kinds: slices.Sorted(maps.Keys(cdkForms())),
		files: func(p *Project, _ string) ([]File, error) { return cdkFiles(p, l) },
	}
}

func cdkFiles(p *Project, l cdkLanguage) ([]File, error) {
	g, err := newCDKProgram(p)
	if err != nil {
		return nil, err
	}
	return l.files(g)
}

// cdkForms has, by kind, what constructs express a resource.
func cdkForms() map[string]func(*cdkScope) (cdkForm, error) {
	return map[string]func(*cdkScope) (cdkForm, error){
		"execution role":       cdkRole,
		"data stream":          cdkStream,
		"lookup table":         cdkTable,
		"delivery bucket":      cdkBucket,
		"log group":            cdkLogGroup,
		"function":             cdkFunction,
		"event source mapping": cdkMapping,
		"alarm topic":          cdkTopic,
		"alarm subscription":   cdkSubscription,
		"metric alarm":         cdkAlarm,
		"composite alarm":      cdkComposite,
		"dashboard":            cdkDashboard,
	}
}

// cdkOrder are the kinds in the order in which they are made: what comes first knows
// nothing of what comes later.
func cdkOrder() []string {
	return []string{
		"data stream", "lookup table", "delivery bucket", "log group", "execution role", "function", "event source mapping",
		"alarm topic", "alarm subscription", "metric alarm", "composite alarm", "dashboard",
	}
}

// cdkForm is how a resource is expressed.
type cdkForm struct {
	Group                 string // heading that it stands under
	Comment, AfterComment string
	New                   *cdkCall   // nil: what follows makes it
	After                 []*cdkCall // statements that follow
	Alarm                 bool
	Notify                value // whom an alarm tells
	Tags                  map[string]string
}

// cdkScope is a resource with what its form needs.
type cdkScope struct {
	scope
	id string // of the construct
}

// construct makes the resource's own.
func (s *cdkScope) construct(class string, props ...any) *cdkCall {
	return made(class, List{cdkThis{}, literal(s.id)}, props...)
}

// other is the construct of the resource of a kind that a setting names. Resources of
// different kinds may have the same name.
func (s *cdkScope) other(kind, named string) (value, error) {
	for _, r := range s.variant.resources {
		if r.Kind == kind && (r.Name == named || r.ARN == named) {
			return cdkConstruct{r.Key}, nil
		}
	}
	return nil, fmt.Errorf("there is no %s %s", kind, named)
}

// json is a setting, by its parts where it is what JSON.stringify makes of them.
func (s *cdkScope) json(text string) (value, error) {
	if !json.Valid([]byte(text)) || !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "[") {
		return s.text(text), nil
	}
	asItStands, err := document(json.RawMessage(text), literal, func(n int) value { return n })
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(plainJSON(asItStands)); err != nil {
		return nil, fmt.Errorf("writing JSON: %w", err)
	}
	if strings.Contains(text, `\u`) || strings.TrimSuffix(b.String(), "\n") != text {
		return s.text(text), nil
	}
	parts, err := document(json.RawMessage(text), s.text, s.number)
	return &cdkText{parts}, err
}

// plainJSON has strings for texts.
func plainJSON(v value) value {
	switch v := v.(type) {
	case Text:
		s, _ := v.whole()
		return s
	case List:
		list := List{}
		for _, part := range v {
			list = append(list, plainJSON(part))
		}
		return list
	case *Map:
		m := &Map{}
		for _, e := range v.Entries {
			m.Entries = append(m.Entries, Entry{Key: e.Key, Value: plainJSON(e.Value)})
		}
		return m
	}
	return v
}

// constant is that of an enumeration whose name in AWS's API is this one.
func constant(enumeration, name string) cdkMember {
	return cdkMember(enumeration + "." + strings.ToUpper(underscored(name)))
}

// underscored is a name of several words with underscores between them, as jsii makes it.
func underscored(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && 'A' <= r && r <= 'Z' && (name[i-1] < 'A' || name[i-1] > 'Z') && name[i-1] != '.' {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String())
}
