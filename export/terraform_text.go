package export

import (
	"fmt"
	"slices"
	"strings"

	"enrich/config"
)

// text is a string, a reference or a template.
func (m *module) text(of Text) node {
	if s, ok := of.whole(); ok {
		return atom(quoted(s))
	}
	written := ""
	if parts := of.Parts; len(parts) == 1 {
		written = m.reference(parts[0])
	} else if reference, ok := strings.CutPrefix(m.template(parts), "${"); ok && strings.Count(reference, "}") == 1 && strings.HasSuffix(reference, "}") {
		written = strings.TrimSuffix(reference, "}")
	} else {
		written = `"` + m.template(parts) + `"`
	}
	if m.eager && slices.ContainsFunc(of.Parts, func(p Part) bool { return p.Key != "" && m.counted(m.addresses[p.Key]) }) {
		return &apply{"try", []node{atom(written), nothing}}
	}
	return atom(written)
}

// template is what stands between the quotes.
func (m *module) template(parts []Part) string {
	var b strings.Builder
	for i := 0; i < len(parts); i++ {
		p := parts[i]
		if i+1 < len(parts) && parts[i+1].Variable == Environment && m.named() {
			if before, ok := strings.CutSuffix(p.Literal, m.project.Name+"-"); ok && !inName(before, len(before)-1) {
				m.variables[moduleName] = "local.name"
				b.WriteString(escape(before) + "${local.name}")
				i++
				continue
			}
		}
		if p.Key == "" && p.Variable == "" {
			b.WriteString(escape(p.Literal))
			continue
		}
		b.WriteString("${" + m.reference(p) + "}")
	}
	return b.String()
}

// moduleName is the pipeline's name with the environment's.
const moduleName Variable = "name"

// named tells whether the pipeline has the same name in all environments.
func (m *module) named() bool {
	return !slices.ContainsFunc(m.project.configs[:], func(c config.Config) bool { return c.Name != m.project.Name })
}

func (m *module) reference(p Part) string {
	if p.Variable != "" {
		return m.variable(p.Variable)
	}
	address := m.addresses[p.Key]
	m.use(address)
	written := address
	if m.counted(address) {
		written += "[0]"
	}
	return written + "." + moduleAttribute(m.kinds[p.Key], p.Attribute)
}

func (m *module) use(address string) {
	m.linked = true
	m.uses.connect(m.current, address)
}

func (m *module) counted(address string) bool { return m.absent[address] != [3]bool{} }

// moduleAttribute is what the provider calls an attribute. It has no ":*" behind the ARN
// of a log group.
func moduleAttribute(kind string, a Attribute) string {
	if a == ByARN {
		return "arn"
	}
	if a == ByID {
		return "uuid" // of an event source mapping
	}
	name := map[string]string{
		"delivery bucket": "bucket", "function": "function_name", "metric alarm": "alarm_name", "composite alarm": "alarm_name", "dashboard": "dashboard_name",
	}[kind]
	if name == "" {
		return "name"
	}
	return name
}

func (m *module) variable(v Variable) string {
	written := map[Variable]string{
		Partition: "data.aws_partition.current.partition", Account: "data.aws_caller_identity.current.account_id", Region: "data.aws_region.current.region",
		Environment: "var.environment", Shards: "var.stream_shard_count", Memory: "var.lambda_memory_size", Timeout: "var.lambda_timeout",
		moduleNotify:   notifyLocal,
		moduleArchive:  `"${path.module}/` + archiveFile + `"`,
		moduleOwnState: "terraform.workspace == var.environment || !contains(" + moduleEnvironments() + ", terraform.workspace)",
	}[v]
	m.variables[v] = written
	// The provider has its tags from the settings, so these can have nothing that needs
	// the provider.
	m.linked = m.linked || v == Partition || v == Account || v == Region
	if v == moduleNotify {
		for address := range m.uses[notifyLocal] {
			m.use(address)
		}
	}
	return written
}

func quoted(s string) string { return `"` + escape(s) + `"` }

// escape writes a text so that nothing in it is taken for a template.
func escape(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteRune('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case (r == '$' || r == '%') && strings.HasPrefix(s[i+1:], "{"):
			b.WriteRune(r)
			b.WriteRune(r)
		case r < ' ' || r == 0x7f || r == 0x2028 || r == 0x2029 || r == 0xfeff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// attribute is a key of an object: an identifier or a string.
func attribute(key string) string {
	identifier := key != "" && key != "for" && key != "null" && key != "true" && key != "false"
	for i, r := range key {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '_'
		identifier = identifier && (letter || i > 0 && (r == '-' || '0' <= r && r <= '9'))
	}
	if identifier {
		return key
	}
	return quoted(key)
}
