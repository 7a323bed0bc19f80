package export

import (
	"fmt"
	"slices"
	"strings"

	"enrich/pipeline"
)

// module is a Terraform project while it is made.
type module struct {
	project   *Project
	addresses map[string]string  // by key of a resource
	kinds     map[string]string  // by key
	absent    map[string][3]bool // environments in which a resource is not there, by its address
	tags      value              // of all resources that can have some
	resources []moduleResource
	settings  map[string]*Map     // of the environments, by group
	variables map[Variable]string // what those are called that are referred to
	uses      reach               // which addresses refer to which

	current string // address that is rendered
	linked  bool   // a reference to a resource has been rendered
	eager   bool   // what is rendered is evaluated in environments that it is not for, too
	notify  node   // what all alarms do
}

// moduleResource is one with its contents as they are written.
type moduleResource struct {
	resource
	items []item
}

func newModule(p *Project) (*module, error) {
	m := &module{
		project: p, addresses: map[string]string{}, kinds: map[string]string{}, absent: map[string][3]bool{},
		settings: map[string]*Map{}, variables: map[Variable]string{}, uses: reach{},
	}
	m.identify()
	var sets [3][]resource
	for i, v := range p.variants {
		var err error
		if sets[i], err = moduleResources(p, v, m.addresses); err != nil {
			return nil, err
		}
	}
	m.tags = takeTags(&sets)
	notify := takeActions(&sets)
	for _, address := range orderOf(sets) {
		merged, absent := mergeResource(address, sets)
		m.absent[address] = absent
		m.resources = append(m.resources, moduleResource{resource: merged})
	}
	if notify != nil {
		m.current = notifyLocal
		m.notify = m.node(notify)
	}
	for i := range m.resources {
		r := &m.resources[i]
		m.current = r.ID
		r.items = m.body(r.Properties)
	}
	for i := range m.resources {
		r := &m.resources[i]
		r.DependsOn = slices.DeleteFunc(r.DependsOn, func(address string) bool { return m.uses.leads(r.ID, address) })
	}
	return m, nil
}

// identify gives every resource an address.
func (m *module) identify() {
	taken := map[string]bool{}
	for _, v := range m.project.variants {
		for _, r := range v.resources {
			if m.addresses[r.Key] != "" {
				continue
			}
			base := moduleAddress(r)
			address := base
			for n := 2; taken[address]; n++ {
				address = fmt.Sprintf("%s_%d", base, n)
			}
			taken[address], m.addresses[r.Key], m.kinds[r.Key] = true, address, r.Kind
		}
	}
}

// moduleAddress is the type of a resource and a name that does not say the type again.
func moduleAddress(r pipeline.Exported) string {
	kind, name, _ := strings.Cut(r.Key, "/")
	usual := map[string]string{
		"execution-role":       "aws_iam_role.function",
		"data-stream":          "aws_kinesis_stream.events",
		"delivery-bucket":      "aws_s3_bucket.delivery",
		"log-group":            "aws_cloudwatch_log_group.function",
		"function":             "aws_lambda_function.enrichment",
		"event-source-mapping": "aws_lambda_event_source_mapping.events",
		"alarm-topic":          "aws_sns_topic.alarms",
		"dashboard":            "aws_cloudwatch_dashboard.pipeline",
	}
	if address, ok := usual[kind]; ok {
		return address
	}
	of := map[string]string{
		"lookup table": "aws_dynamodb_table", "alarm subscription": "aws_sns_topic_subscription",
		"metric alarm": "aws_cloudwatch_metric_alarm", "composite alarm": "aws_cloudwatch_composite_alarm",
	}
	return of[r.Kind] + "." + snake(name)
}

// condition tells of the environments that are true; "" is all of them.
func condition(in [3]bool) string {
	var names, others []string
	for i, environment := range Environments() {
		if in[i] {
			names = append(names, environment)
		} else {
			others = append(others, environment)
		}
	}
	switch len(names) {
	case 1:
		return `var.environment == "` + names[0] + `"`
	case 2:
		return `var.environment != "` + others[0] + `"`
	}
	return ""
}

func present(absent [3]bool) [3]bool { return [3]bool{!absent[0], !absent[1], !absent[2]} }
