package cost

import (
	"fmt"
	"slices"
)

// Charge is how much of an item a resource uses in a month.
type Charge struct {
	Item Item
	What string // it is used for
	Idle float64
	// Traffic is how much more it is with the traffic.
	Traffic float64
	// Beyond is why what is used of it cannot be known; "": it is known.
	Beyond string
}

// Entry is a charge in dollars.
type Entry struct {
	Charge
	Price
	IdleCost    float64
	TrafficCost float64
}

// Line is what one service costs: in a month without traffic, what the traffic of a
// month adds, and that for each million of events.
type Line struct {
	Service                 string
	Idle, Added, PerMillion float64
}

// Month is the whole with the traffic.
func (l Line) Month() float64 { return l.Idle + l.Added }

// Bill is what charges cost together.
type Bill struct {
	Lines   []Line
	Total   Line
	Entries []Entry
}

// services are in the order of an event's way.
var services = []string{"Kinesis", "Lambda", "DynamoDB", "S3", "CloudWatch", "KMS"}

// Bill adds charges up by service.
func (t Table) Bill(events float64, charges []Charge) Bill {
	var b Bill
	for _, c := range charges {
		price := t.Of(c.Item)
		b.add(Entry{Charge: c, Price: price, IdleCost: c.Idle * price.USD, TrafficCost: c.Traffic * price.USD})
	}
	for _, e := range b.Entries {
		i := slices.IndexFunc(b.Lines, func(l Line) bool { return l.Service == e.Service })
		if i < 0 {
			i = len(b.Lines)
			b.Lines = append(b.Lines, Line{Service: e.Service})
		}
		b.Lines[i].Idle += e.IdleCost
		b.Lines[i].Added += e.TrafficCost
		b.Total.Idle += e.IdleCost
		b.Total.Added += e.TrafficCost
	}
	slices.SortStableFunc(b.Lines, func(x, y Line) int { return slices.Index(services, x.Service) - slices.Index(services, y.Service) })
	for i := range b.Lines {
		b.Lines[i].PerMillion = b.Lines[i].Added / events * 1e6
	}
	b.Total.PerMillion = b.Total.Added / events * 1e6
	return b
}

// add joins what is used for the same: alarms are many.
func (b *Bill) add(e Entry) {
	for i := range b.Entries {
		same := &b.Entries[i]
		if same.Item == e.Item && same.What == e.What {
			same.Idle += e.Idle
			same.Traffic += e.Traffic
			same.IdleCost += e.IdleCost
			same.TrafficCost += e.TrafficCost
			return
		}
	}
	b.Entries = append(b.Entries, e)
}

// Unconfirmed names the items that something costs and whose price nobody has
// confirmed.
func (b Bill) Unconfirmed() []string {
	var names []string
	for _, e := range b.Entries {
		if e.Seen == "" && (e.Beyond != "" || e.IdleCost+e.TrafficCost > 0) {
			names = append(names, string(e.Item))
		}
	}
	return names
}

// Pages are where AWS publishes the prices.
func (b Bill) Pages() []string { return b.distinct(func(e Entry) string { return e.Page }) }

// Sources are where the prices were read.
func (b Bill) Sources() []string { return b.distinct(func(e Entry) string { return e.Source }) }

func (b Bill) distinct(of func(Entry) string) []string {
	var all []string
	for _, e := range b.Entries {
		if !slices.Contains(all, of(e)) {
			all = append(all, of(e))
		}
	}
	return all
}

// Estimate is what a pipeline costs at some traffic, beside the recipe's design.
type Estimate struct {
	Region, Date string // of the prices
	Traffic      Traffic
	Flow         Flow
	Bill         Bill
	RecipeFlow   Flow
	Recipe       Bill
	// Notes are what the figures do not tell of this pipeline.
	Notes []string
}

// Assumptions are those that the figures stand on.
func (e Estimate) Assumptions() []string {
	f, r := e.Flow, e.RecipeFlow
	return []string{
		"no free tier, no discount, no tax; a month has 730 hours; idle is a deployed pipeline without any event",
		fmt.Sprintf("events come evenly; a batch has %.4g of them in the mean, and the function takes %.0f ms for it, S3's 25 ms and DynamoDB's 4 ms included", f.Records, f.Milliseconds),
		"an item is read once a batch if it is not remembered, has at most 4 KB, and takes half a read unit",
		fmt.Sprintf("a batch gives one object; an event takes %.3g bytes of it", f.StoredBytes/f.Events()),
		"storage is that of one month's events for one month: as nothing deletes them, each month adds as much again",
		fmt.Sprintf("logs are %.0f bytes a batch, kept as long as they are configured, uncompressed", f.LogBytes/f.Batches),
		"metrics are charged for the hours with a batch, S3's sixteen request metrics all of them, which is more than they come to",
		"keys of AWS's own in KMS are asked for once in five minutes by two users of each stream and table",
		fmt.Sprintf("the recipe's design has for each event a GetItem for each lookup, an object that is not compressed, and three lines of 80 bytes in the log; a batch has %.4g events in the mean, and its Python takes %.0f ms for it", r.Records, r.Milliseconds),
	}
}
