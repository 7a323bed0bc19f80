package main

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"enrich/config"
	"enrich/pipeline"
)

func (p *program) metricsCommand() *cli.Command {
	return &cli.Command{
		Name:      "metrics",
		Usage:     "prints the pipeline's metrics",
		ArgsUsage: "[NAME]",
		Description: about(`
Without a name it shows all of them over the time of --since, each as one figure
and as a line of its periods. With a name it prints the figure of each period. What
CloudWatch has no data of is shown as -; it is some minutes late on AWS.`,
			"enrich metrics", "enrich metrics iterator-age --since 24h --period 1h", "enrich metrics -o json"),
		Flags: []cli.Flag{
			&cli.DurationFlag{Name: "since", Usage: "`TIME`: how far to look back (default: 1h)", Value: time.Hour},
			&cli.DurationFlag{Name: "period", Usage: "`TIME`: of one figure, whole minutes (default: a sixtieth of --since)"},
		},
		Action: p.metrics,
	}
}

// periodsAtMost keeps a line of them within a terminal's width, and an answer within
// what GetMetricData gives.
const periodsAtMost = 1440

func (p *program) metrics(c *cli.Context) error {
	var wanted []string
	if c.Args().Present() {
		wanted = []string{"NAME"}
	}
	given, err := takeArguments(c, wanted...)
	if err != nil {
		return err
	}
	since, period, err := spans(c)
	if err != nil {
		return err
	}
	s, err := p.open(c.Context)
	if err != nil {
		return err
	}
	figures := s.pipeline.Figures()
	if len(given) > 0 {
		if figures, err = figuresNamed(figures, given[0]); err != nil {
			return err
		}
	}
	until := time.Now()
	from := until.Add(-since).Truncate(period)
	_, stop := p.out.spinner("reading the metrics")
	defer stop()
	series, err := s.pipeline.Measure(c.Context, figures, from, until, period)
	stop()
	if err != nil {
		return err
	}
	d := metricsDocument{Since: from.UTC(), Until: until.UTC().Truncate(time.Second), PeriodSeconds: int(period / time.Second), Metrics: []metricDocument{}}
	for _, one := range series {
		d.Metrics = append(d.Metrics, documentOf(one))
	}
	return p.out.result(d, func(page *page) {
		if len(given) > 0 {
			printPeriods(page, series[0], period)
			return
		}
		printFigures(page, series, from, until, period)
	})
}

// kept is how CloudWatch keeps what is older than a time: data with a shorter period is
// asked for in vain.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricStat.html
var kept = []struct {
	age, by time.Duration
	text    string
}{
	{63 * 24 * time.Hour, time.Hour, "63 days by 1 hour"},
	{15 * 24 * time.Hour, 5 * time.Minute, "15 days by 5 minutes"},
}

// spans are the times of the flags.
func spans(c *cli.Context) (since, period time.Duration, err error) {
	since, period = c.Duration("since"), c.Duration("period")
	if since < time.Minute {
		return 0, 0, failf("--since %s: the time to look back is a minute or more", since)
	}
	given := c.IsSet("period")
	if !given {
		period = max(since/60, time.Minute).Truncate(time.Minute)
	}
	if period < time.Minute || period%time.Minute != 0 {
		return 0, 0, failf("--period %s: a period is one or more whole minutes", period)
	}
	if since/period > periodsAtMost {
		return 0, 0, failf("--period %s: more than %d periods in %s", period, periodsAtMost, since).
			hint("a longer --period or a shorter --since")
	}
	for _, old := range kept {
		if since+period <= old.age || period%old.by == 0 { // it begins with a whole period
			continue
		}
		if given {
			return 0, 0, failf("--period %s: CloudWatch keeps what is older than %s only", period, old.text).
				hint("a multiple of %s, or a shorter --since", short(old.by))
		}
		period += old.by - period%old.by
	}
	return since, period, nil
}

func figuresNamed(figures []pipeline.Figure, name string) ([]pipeline.Figure, error) {
	var names []string
	for _, f := range figures {
		if f.Name == name {
			return []pipeline.Figure{f}, nil
		}
		names = append(names, f.Name)
	}
	err := failf("the pipeline has no metric %q", name)
	if like := config.Suggest(name, names); like != "" {
		return nil, err.hint("did you mean %s?", like)
	}
	return nil, err.hint("it has %s", strings.Join(names, ", "))
}

func documentOf(s pipeline.Series) metricDocument {
	d := metricDocument{Name: s.Name, Title: s.Title, Unit: s.Unit, Statistic: s.Statistic, Values: []valueDocument{}}
	for _, point := range s.Points {
		d.Values = append(d.Values, valueDocument{point.At.UTC(), point.Value})
	}
	if total, ok := s.Total(); ok {
		d.Total = &total
	}
	return d
}

func printFigures(page *page, series []pipeline.Series, from, until time.Time, period time.Duration) {
	page.line("%s to %s, each bar %s", from.Local().Format("2006-01-02 15:04"), until.Local().Format("15:04"), short(period))
	page.line("")
	var rows [][]cell
	for _, s := range series {
		text := "-"
		if total, ok := s.Total(); ok {
			text = figure(total, s.Unit)
		}
		rows = append(rows, []cell{{text: s.Name}, {text: text, paint: page.c.strong}, {text: bars(s, from, until, period)}, {text: s.Title, paint: page.c.faint}})
	}
	page.table(rows)
}

func printPeriods(page *page, s pipeline.Series, period time.Duration) {
	page.line("%s: %s, %s of %s", page.c.strong(s.Name), s.Title, strings.ToLower(s.Statistic), short(period))
	if len(s.Points) == 0 {
		page.line("there is no data")
		return
	}
	highest := slices.MaxFunc(s.Points, func(a, b pipeline.Point) int { return cmp.Compare(a.Value, b.Value) }).Value
	var rows [][]cell
	for _, point := range s.Points {
		rows = append(rows, []cell{
			{text: point.At.Local().Format("2006-01-02 15:04"), paint: page.c.faint},
			{text: figure(point.Value, s.Unit)}, {text: drawn(point.Value, highest)},
		})
	}
	page.table(rows)
}

// drawn is a bar for a value, of 40 columns for the highest.
func drawn(value, highest float64) string {
	if highest <= 0 {
		return ""
	}
	return strings.Repeat("█", int(math.Round(value/highest*40)))
}

// bars draws a figure's periods, of at most 60 columns. A period without data is
// blank.
func bars(s pipeline.Series, from, until time.Time, period time.Duration) string {
	const steps = "▁▂▃▄▅▆▇█"
	columns := int(until.Sub(from)/period) + 1
	each := (columns + 59) / 60
	values := make([]float64, (columns+each-1)/each)
	there := make([]bool, len(values))
	highest := 0.0
	for _, point := range s.Points {
		i := int(point.At.Sub(from)/period) / each
		if i < 0 || i >= len(values) {
			continue
		}
		values[i], there[i] = max(values[i], point.Value), true
		highest = max(highest, point.Value)
	}
	var b strings.Builder
	for i, value := range values {
		switch {
		case !there[i]:
			b.WriteRune(' ')
		case highest <= 0:
			b.WriteRune('▁')
		default:
			b.WriteRune([]rune(steps)[min(int(value/highest*8), 7)])
		}
	}
	return b.String()
}

// figure is a number with its unit, as short as it can be told.
func figure(value float64, unit string) string {
	switch unit {
	case "bytes":
		return bytesText(int64(value))
	case "ms":
		return short((time.Duration(value * float64(time.Millisecond))).Round(10 * time.Microsecond))
	}
	return strconv.FormatFloat(math.Round(value*100)/100, 'f', -1, 64)
}

// short is a duration without the zeros at its end.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
