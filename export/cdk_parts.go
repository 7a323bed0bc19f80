package export

import "fmt"

// cdkPart is a construct of its own for what a stack would be too long with.
type cdkPart struct {
	file, class, what, told string
	unit                    *cdkUnit
	lists                   bool // it has the list of all alarms
	alarms                  bool // it takes that list
}

// cdkModules are the paths of the library's modules by what they are imported as.
func cdkModules() map[string]string {
	return map[string]string{
		"kinesis": "aws-kinesis", "dynamodb": "aws-dynamodb", "s3": "aws-s3", "logs": "aws-logs", "iam": "aws-iam",
		"lambda": "aws-lambda", "eventSources": "aws-lambda-event-sources", "cloudwatch": "aws-cloudwatch",
		"actions": "aws-cloudwatch-actions", "sns": "aws-sns", "subscriptions": "aws-sns-subscriptions",
	}
}

func (g *cdkProgram) description() string {
	return fmt.Sprintf("Events of %s: Kinesis to Lambda, enriched from DynamoDB, stored in S3", g.project.Name)
}

// units writes the stack itself and its parts.
func (g *cdkProgram) units(l cdkLanguage, settings *cdkSettings) (*cdkUnit, []*cdkPart) {
	main := newCDKUnit(g, l, settings, groupIn, groupLookup, groupOut, groupWork)
	main.stack = true
	main.tags()
	main.acknowledge()
	main.statements(true)
	var parts []*cdkPart
	if tell := g.alarmsPart(l, settings); tell != nil {
		parts = append(parts, tell)
	}
	if show := newCDKUnit(g, l, settings, groupShow); len(show.resources) > 0 {
		show.statements(false)
		parts = append(parts, &cdkPart{file: "dashboard", class: "Dashboard", what: groupShow, told: "its dashboard", unit: show, alarms: show.alarms})
	}
	for _, part := range parts {
		main.delegate(part)
	}
	main.blank()
	main.outputs()
	return main, parts
}

// alarmsPart has the alarms and whom they tell.
func (g *cdkProgram) alarmsPart(l cdkLanguage, settings *cdkSettings) *cdkPart {
	u := newCDKUnit(g, l, settings, groupTell)
	if len(u.resources) == 0 {
		return nil
	}
	first := 0
	for first < len(u.resources) && !u.resources[first].Alarm {
		first++
	}
	all := u.resources
	u.resources = all[:first]
	u.statements(false)
	u.blank()
	if g.notify != nil {
		u.statement(l.declare("notify", u.code(g.notify)))
	}
	u.line(l.noAlarms(u.use("cloudwatch.AlarmBase")))
	u.resources = all[first:]
	u.statements(false)
	u.blank()
	if g.notify != nil {
		for _, line := range l.told() {
			u.line(line)
		}
	}
	u.line(l.allAlarms())
	return &cdkPart{file: "alarms", class: "Alarms", what: groupTell, told: "its alarms, and whom they tell", unit: u, lists: true}
}

// delegate makes a construct that has a file of its own.
func (u *cdkUnit) delegate(p *cdkPart) {
	l := u.language
	var props []bracketItem
	if len(p.unit.parameters()) > 0 {
		props = append(props, bracketItem{code: l.field("parameters", l.parameters())})
	}
	for _, r := range p.unit.props() {
		u.touch(r.key)
		props = append(props, bracketItem{code: l.field(l.name(r.name), l.name(r.name))})
	}
	if p.alarms {
		props = append(props, bracketItem{code: l.field("alarms", "alarms.all")})
	}
	var c syntax = sequence{l.create(p.class), l.arguments([]bracketItem{{code: l.this()}, {code: l.quoted(p.class)}}, props)}
	if p.lists && u.program.showsAlarms() {
		c = l.declare("alarms", c)
	}
	u.blank()
	u.layout.remark(p.what)
	u.statement(c)
}

// showsAlarms tells whether a dashboard takes the list of the alarms.
func (g *cdkProgram) showsAlarms() bool {
	found := false
	for _, r := range g.resources {
		if r.Group == groupShow {
			found = found || listsAlarms(r.construct)
		}
	}
	return found
}

func listsAlarms(v value) bool {
	found := false
	within(v, func(v value) bool {
		_, ok := v.(cdkAlarms)
		found = found || ok
		return true
	})
	return found
}
