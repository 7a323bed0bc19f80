package pipeline

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"enrich/config"
)

// The composite alarm is on while another one is. That it is on is told by the other
// one, so it is no ill health by itself.
func TestCompositeAlarmFollowsTheOthers(t *testing.T) {
	c, _ := newEmulated(t)
	p := c.pipeline(t, notified)
	composite := deployed(t, p, alarmKey(alarmUnhealthy))
	url := subscribedQueue(t, c, p.id.topicARN(p.names.AlarmTopic))
	if status := same(t, composite).Status; status != "OK" {
		t.Errorf("it begins as %s", status)
	}
	c.sound(t, pick(t, p, alarmKey(alarmDeadLetters)))
	if observed := same(t, composite); observed.Status != "ALARM" || observed.Unhealthy != "" {
		t.Errorf("%+v", observed)
	}
	told := strings.Join(messages(t, c, url, 2), "\n")
	for _, name := range []string{"orders-dev-dead-letters", "orders-dev-pipeline-unhealthy"} {
		if !strings.Contains(told, `AlarmName\":\"`+name) {
			t.Errorf("%s does not notify: %s", name, told)
		}
	}
}

// An alarm that another one names can only go after it, in whatever order the two are
// deleted.
func TestAlarmsOfACompositeAlarmGo(t *testing.T) {
	c, _ := newEmulated(t)
	p := c.pipeline(t)
	composite := deployed(t, p, alarmKey(alarmUnhealthy))
	alarm, err := p.Restore(alarmKey(alarmDeadLetters), kindAlarm, "orders-dev-dead-letters", "")
	if err != nil {
		t.Fatal(err)
	}
	waiting := make(chan string, 10)
	done := make(chan error, 1)
	go func() { done <- alarm.Delete(t.Context(), &statuses{told: waiting}) }()
	if got := <-waiting; got != "waiting for the end of the composite alarm" {
		t.Error(got)
	}
	if err := composite.Delete(t.Context(), &notes{}); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	absent(t, alarm)
}

// statuses hands on what is waited for.
type statuses struct {
	notes
	told chan string
}

func (s *statuses) Status(text string) {
	select {
	case s.told <- text:
	default:
	}
}

// An alarm that is switched off leaves the rule before it goes.
func TestRuleHasTheAlarmsThatAreOn(t *testing.T) {
	c := newCloud(t)
	if !c.emulated {
		t.Skip("this endpoint has no composite alarms")
	}
	deployed(t, c.pipeline(t), alarmKey(alarmUnhealthy))
	less := pick(t, c.pipeline(t, func(c *config.Config) { c.Alarms.DeadLetters = 0 }), alarmKey(alarmUnhealthy))
	observed := read(t, less)
	changes := less.Diff(observed)
	if len(changes) != 1 || changes[0].Field != "rule" || strings.Contains(fmt.Sprint(changes[0].New), "dead-letters") || !strings.Contains(fmt.Sprint(changes[0].Old), "dead-letters") {
		t.Fatal(list(changes))
	}
	if err := less.Update(t.Context(), observed, changes, &notes{}); err != nil {
		t.Fatal(err)
	}
	same(t, less)
}

// An endpoint that has no such alarms says so at once, and what to do is told.
func TestCompositeAlarmElsewhere(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusInternalServerError)
	}))
	defer server.Close()
	c, _ := newEmulated(t)
	c.sdk.BaseEndpoint = &server.URL
	err := pick(t, c.pipeline(t), alarmKey(alarmUnhealthy)).Create(t.Context(), &notes{})
	if err == nil || !strings.Contains(err.Error(), "alarms.composite: false") {
		t.Error(err)
	}
}

// More than AWS takes is refused beforehand.
func TestTooManyAlarms(t *testing.T) {
	many := func(n int, name string) config.Config {
		cfg := config.Default("prod")
		cfg.Name, cfg.Lookups = "orders", nil
		for i := range n {
			cfg.Lookups = append(cfg.Lookups, config.Lookup{Name: fmt.Sprintf("%s%d", name, i)})
		}
		return cfg
	}
	if got := checkAlarms(many(91, "a")); got != nil {
		t.Error(got)
	}
	if got := checkAlarms(many(92, "a")); len(got) != 1 || !strings.Contains(got[0], "over 101 others, AWS allows 100") {
		t.Error(got)
	}
	if got := checkAlarms(many(80, strings.Repeat("a", 100))); len(got) != 1 || !strings.Contains(got[0], "AWS allows 10240") {
		t.Error(got)
	}
	for _, off := range []func(*config.Alarms){
		func(a *config.Alarms) { a.Composite = false }, func(a *config.Alarms) { a.LookupTableThrottling = 0 },
	} {
		cfg := many(100, "a")
		off(&cfg.Alarms)
		if got := checkAlarms(cfg); got != nil {
			t.Error(got)
		}
	}
}

// The dashboard has all alarms that there may be, in widgets that CloudWatch takes.
func TestDashboardOfManyAlarms(t *testing.T) {
	p := offline(t, "dev", "aws", "us-east-1")
	for i := range 91 {
		p.cfg.Lookups = append(p.cfg.Lookups, config.Lookup{Name: fmt.Sprintf("a%d", i)})
	}
	shown, below := 0, 0
	for _, widget := range p.body("").Widgets {
		shown += len(widget.Properties.Alarms)
		if len(widget.Properties.Alarms) > 100 || widget.Y < below {
			t.Errorf("%+v", widget)
		}
		if widget.Type == "alarm" {
			below = widget.Y + widget.Height
		}
	}
	if shown != 101 {
		t.Errorf("%d alarms are shown", shown)
	}
}

// Nothing to be over is no alarm.
func TestNoAlarms(t *testing.T) {
	p := offline(t, "dev", "aws", "us-east-1", func(c *config.Config) { c.Alarms = config.Alarms{Composite: true} })
	if got := p.alarms(); len(got) != 0 {
		t.Errorf("%d alarms", len(got))
	}
	for _, widget := range p.body("").Widgets {
		if widget.Type == "alarm" {
			t.Error("the dashboard shows alarms that there are not")
		}
	}
}
