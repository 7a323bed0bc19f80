package config

import (
	"slices"
	"strings"
)

// object is a part of a JSON Schema.
type object = map[string]any

// Schema is the JSON Schema (draft 2020-12) of enrich.yaml, made from the same
// declarations as the checks. It refuses nothing that Load accepts. What only
// several values together can get wrong, what is given twice and how a number is
// written it cannot tell.
func Schema() map[string]any {
	root := section("", false)
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = FileName
	return root
}

// section is the schema of a section's keys. Without values it is as good as
// left out. override is a section of an environment.
func section(path string, override bool) object {
	properties := object{}
	var required []string
	for _, name := range children(path) {
		at := join(path, name)
		k, declared := find(at)
		switch {
		case override && k.fixed:
			continue
		case !declared:
			properties[name] = section(at, override)
			continue
		}
		properties[name] = k.schema()
		if k.Required {
			required = append(required, name)
		}
	}
	s := object{"type": []string{"object", "null"}, "additionalProperties": false, "properties": properties}
	if strings.HasSuffix(path, "[]") {
		s["type"], s["required"] = "object", required
	}
	return s
}

// schema is what a key takes.
func (k Key) schema() object {
	s := object{}
	switch k.Type {
	case Text:
		s = k.text()
	case Number:
		s = k.number()
	case Switch:
		s = object{"type": "boolean"}
	case TextList:
		s = object{"type": "array", "items": k.text(), "uniqueItems": true}
	case FieldList:
		s = object{"type": "array", "items": object{"anyOf": []object{k.text(), {
			"type": "object", "additionalProperties": false, "required": []string{"from"},
			"properties": object{"from": k.text(), "to": k.text()},
		}}}}
	case SectionList:
		s = object{"type": "array", "items": section(k.Path+"[]", false)}
	case TextMap:
		s = tagsSchema(k)
	case Section:
		inside := object{}
		for _, environment := range environments() {
			inside[environment] = section("", true)
		}
		s = object{"type": []string{"object", "null"}, "additionalProperties": false, "properties": inside}
	}
	if s["type"] == "array" {
		if s["minItems"] = k.Min; k.Max > 0 {
			s["maxItems"] = k.Max
		}
	}
	s["description"] = k.Doc
	if text := k.Defaults(); text != "" && !k.Required {
		s["description"] = k.Doc + " Default: " + text + "."
	}
	return s
}

func (k Key) text() object {
	s := object{"type": "string"}
	if len(k.Values) > 0 {
		s["enum"] = k.Values
	}
	if k.Pattern != nil {
		s["pattern"] = k.Pattern().String()
	}
	if k.unlike != nil {
		s["not"] = object{"pattern": k.unlike().String()}
	}
	if k.longest > 0 {
		s["maxLength"] = k.longest // in characters, of which each has a byte at least
	}
	return s
}

func (k Key) number() object {
	if k.Max == 0 {
		return object{"type": "integer", "enum": slices.Clone(k.Numbers)}
	}
	within := object{"minimum": k.Min, "maximum": k.Max}
	if len(k.Numbers) == 0 {
		within["type"] = "integer"
		return within
	}
	return object{"type": "integer", "anyOf": []object{{"enum": k.Numbers}, within}}
}

func tagsSchema(k Key) object {
	return object{
		"type": []string{"object", "null"}, "maxProperties": k.Max,
		"propertyNames": object{"maxLength": maxTagKey, "pattern": tagPattern().String(), "not": object{"pattern": ownTagPattern().String()}},
		"additionalProperties": object{
			"type": "string", "maxLength": maxTagValue,
			"anyOf": []object{{"const": ""}, {"pattern": tagPattern().String()}},
		},
	}
}
