package main

import (
	"errors"
	"fmt"
	"strings"

	"enrich/cost"
	"enrich/pipeline"
)

// costDocument is the result of cost. Dollars are those of a month, and of a million
// events.
type costDocument struct {
	Region     string             `json:"region"`      // whose prices these are
	PricesDate string             `json:"prices_date"` // when the oldest price was seen
	Traffic    trafficDocument    `json:"traffic"`     // what was assumed
	Services   []serviceDocument  `json:"services"`    // the cost by service
	Total      serviceDocument    `json:"total"`       // of all services
	Recipe     recipeDocument     `json:"recipe"`      // the same traffic by a design that handles each record by itself
	Items      []costItemDocument `json:"items"`       // what is paid for, one by one
	// Unconfirmed are items whose price has no dated source.
	Unconfirmed []string `json:"unconfirmed"`
	Notes       []string `json:"notes"`       // what is left out
	Assumptions []string `json:"assumptions"` // of the calculation
	Sources     []string `json:"sources"`     // where the prices were read
	Pages       []string `json:"pages"`       // where AWS publishes them
}

type trafficDocument struct {
	EventsPerSecond float64 `json:"events_per_second"` // that come in
	EventBytes      int     `json:"event_bytes"`       // of each
	HitRate         float64 `json:"hit_rate"`          // of the lookups that need no read
	EventsPerMonth  float64 `json:"events_per_month"`  // of 730 hours
	BatchRecords    float64 `json:"batch_records"`     // in a batch, on average
	BatchMS         float64 `json:"batch_ms"`          // that the function takes for one
}

type serviceDocument struct {
	Service    string  `json:"service"`         // its name
	IdleUSD    float64 `json:"idle_usd"`        // a month without traffic
	MonthUSD   float64 `json:"month_usd"`       // with the traffic
	MillionUSD float64 `json:"per_million_usd"` // for a million events
}

type recipeDocument struct {
	Services []serviceDocument `json:"services"` // the cost by service
	Total    serviceDocument   `json:"total"`    // of all services
	// Times is how many times as much an event costs there.
	Times float64 `json:"times"`
}

type costItemDocument struct {
	Item       string  `json:"item"`                  // its key in the price table
	Service    string  `json:"service"`               // which bills it
	What       string  `json:"what"`                  // what it is paid for
	Unit       string  `json:"unit"`                  // of its price
	UnitUSD    float64 `json:"unit_usd"`              // the price of one
	IdleUnits  float64 `json:"idle_units"`            // a month without traffic
	MoreUnits  float64 `json:"traffic_units"`         // more with the traffic
	IdleUSD    float64 `json:"idle_usd"`              // a month without traffic
	MoreUSD    float64 `json:"traffic_usd"`           // a month more with the traffic
	NotCounted string  `json:"not_counted,omitempty"` // and why
	Confirmed  bool    `json:"confirmed"`             // true: the price was seen in its source
	Seen       string  `json:"seen,omitempty"`        // when
	Source     string  `json:"source"`                // where
	Page       string  `json:"page"`                  // of AWS that has the price of today
}

// planCostDocument is what plan tells of the costs.
type planCostDocument struct {
	Region     string  `json:"region"`                // whose prices these are
	PricesDate string  `json:"prices_date,omitempty"` // when the oldest price was seen
	IdleUSD    float64 `json:"idle_usd"`              // a month without traffic
	MillionUSD float64 `json:"per_million_usd"`       // for a million events
	// Unknown is why the figures are 0: the region has no prices.
	Unknown string `json:"unknown,omitempty"`
}

func serviceOf(l cost.Line, name string) serviceDocument {
	return serviceDocument{Service: name, IdleUSD: l.Idle, MonthUSD: l.Month(), MillionUSD: l.PerMillion}
}

func servicesOf(b cost.Bill) []serviceDocument {
	all := []serviceDocument{}
	for _, l := range b.Lines {
		all = append(all, serviceOf(l, l.Service))
	}
	return all
}

func costOf(e *cost.Estimate) costDocument {
	d := costDocument{
		Region: e.Region, PricesDate: e.Date,
		Traffic: trafficDocument{
			EventsPerSecond: e.Traffic.EventsPerSecond, EventBytes: e.Traffic.EventBytes, HitRate: e.Traffic.HitRate,
			EventsPerMonth: e.Traffic.Events(), BatchRecords: e.Flow.Records, BatchMS: e.Flow.Milliseconds,
		},
		Services: servicesOf(e.Bill), Total: serviceOf(e.Bill.Total, "total"),
		Recipe: recipeDocument{Services: servicesOf(e.Recipe), Total: serviceOf(e.Recipe.Total, "total"), Times: times(e)},
		Items:  []costItemDocument{}, Unconfirmed: append([]string{}, e.Bill.Unconfirmed()...),
		Notes: append([]string{}, e.Notes...), Assumptions: e.Assumptions(), Sources: e.Bill.Sources(), Pages: e.Bill.Pages(),
	}
	for _, entry := range e.Bill.Entries {
		d.Items = append(d.Items, costItemDocument{
			Item: string(entry.Item), Service: entry.Service, What: entry.What, Unit: entry.Unit, UnitUSD: entry.USD,
			IdleUnits: entry.Idle, MoreUnits: entry.Traffic, IdleUSD: entry.IdleCost, MoreUSD: entry.TrafficCost,
			NotCounted: entry.Beyond, Confirmed: entry.Seen != "", Seen: entry.Seen, Source: entry.Source, Page: entry.Page,
		})
	}
	return d
}

// times is how many times as much as here an event costs in the recipe's design.
func times(e *cost.Estimate) float64 { return e.Recipe.Total.PerMillion / e.Bill.Total.PerMillion }

func printCost(p *page, name string, e *cost.Estimate, verbose bool) {
	t := e.Traffic
	p.line("what %s costs in %s, in dollars, at %g events a second of %d bytes, %g%% of them without a read",
		p.c.strong(name), e.Region, t.EventsPerSecond, t.EventBytes, t.HitRate*100)
	p.line("")
	rows := [][]cell{costRow("", "idle, a month", "with traffic, a month", "per million events")}
	for _, l := range e.Bill.Lines {
		rows = append(rows, figuresRow(p, l.Service, l))
	}
	rows = append(rows, figuresRow(p, "total", e.Bill.Total), figuresRow(p, "the recipe's design", e.Recipe.Total))
	p.table(rows)
	p.line("")
	p.line("the recipe's design, with a read, an object and log lines for each event, costs %.3g times as much for an event", times(e))
	p.line("prices: %s, none of those confirmed seen before %s; no free tier, no tax", e.Region, e.Date)
	if names := e.Bill.Unconfirmed(); len(names) > 0 {
		p.line("%s no dated source for %s", p.c.warn("not confirmed:"), strings.Join(names, ", "))
	}
	for _, note := range e.Notes {
		p.line("%s %s", p.c.warn("note:"), note)
	}
	if verbose {
		printItems(p, e)
	}
	p.line("the prices are those of AWS's price lists, as others have quoted them (-v names each source); check them at")
	for _, page := range e.Bill.Pages() {
		p.line("  %s", page)
	}
}

// printItems tells how the figures come about.
func printItems(p *page, e *cost.Estimate) {
	p.line("")
	rows := [][]cell{{{text: "item"}, {text: "for"}, {text: "units idle"}, {text: "more with traffic"}, {text: "price of a unit"}, {text: "seen"}}}
	for _, entry := range e.Bill.Entries {
		idle, more, seen := fmt.Sprintf("%.6g", entry.Idle), fmt.Sprintf("%.6g", entry.Traffic), entry.Seen
		if entry.Beyond != "" {
			idle, more = "not counted", entry.Beyond
		}
		if seen == "" {
			seen = "not confirmed"
		}
		rows = append(rows, []cell{
			{text: string(entry.Item)}, {text: entry.What}, {text: idle}, {text: more},
			{text: fmt.Sprintf("$%.10g per %s", entry.USD, entry.Unit)}, {text: seen, paint: p.c.faint},
		})
	}
	p.table(rows)
	p.line("")
	for _, assumption := range e.Assumptions() {
		p.line("assumed: %s", assumption)
	}
	for _, source := range e.Bill.Sources() {
		p.line("source: %s", source)
	}
}

func figuresRow(p *page, name string, l cost.Line) []cell {
	row := costRow(name, fmt.Sprintf("%.2f", l.Idle), fmt.Sprintf("%.2f", l.Month()), fmt.Sprintf("%.4f", l.PerMillion))
	if l.Service == "" {
		for i := range row {
			row[i].paint = p.c.strong
		}
	}
	return row
}

// costRow has its figures at the right of their columns.
func costRow(name, idle, month, million string) []cell {
	return []cell{{text: name}, {text: fmt.Sprintf("%13s", idle)}, {text: fmt.Sprintf("%21s", month)}, {text: fmt.Sprintf("%18s", million)}}
}

// planCost is what a pipeline costs at ordinary traffic, for plan.
func planCost(defined *pipeline.Pipeline) (planCostDocument, error) {
	e, err := defined.Cost(cost.Ordinary())
	if unknown, ok := errors.AsType[*cost.UnknownRegionError](err); ok {
		return planCostDocument{Region: unknown.Region, Unknown: unknown.Error()}, nil
	}
	if err != nil {
		return planCostDocument{}, err
	}
	return planCostDocument{Region: e.Region, PricesDate: e.Date, IdleUSD: e.Bill.Total.Idle, MillionUSD: e.Bill.Total.PerMillion}, nil
}

// costText is plan's line.
func costText(d planCostDocument) string {
	if d.Unknown != "" {
		return "costs: " + d.Unknown
	}
	return fmt.Sprintf("costs about $%.2f a month idle, $%.4f per million events (prices of %s, %s; enrich cost tells more)",
		d.IdleUSD, d.MillionUSD, d.Region, d.PricesDate)
}
