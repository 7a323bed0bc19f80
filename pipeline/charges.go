package pipeline

import (
	"fmt"

	"enrich/config"
	"enrich/cost"
)

// priced is a resource that tells what it uses in a month of what AWS charges for.
// All kinds do, beside their needs; one that costs nothing says so.
type priced interface {
	charges(flow cost.Flow) []cost.Charge
}

// ownMetrics is how many metrics the function gives.
const ownMetrics = 10

// onDemandShards is how many a stream on demand begins with.
// https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html
const onDemandShards = 4

// keyRequests is how often a month KMS is asked for a key of AWS's own: about once in
// five minutes by each user.
// https://docs.aws.amazon.com/streams/latest/dev/costs-performance.html
const keyRequests = cost.Hours * 12

// Cost is what the pipeline costs on AWS at some traffic. It fails with a
// cost.UnknownRegionError where the region has no prices.
func (p *Pipeline) Cost(t cost.Traffic) (*cost.Estimate, error) {
	prices, err := cost.Prices(p.id.Region)
	if err != nil {
		return nil, err
	}
	design := p.design(t)
	flow, recipe := design.Flow(t), design.PerRecord(t)
	return &cost.Estimate{
		Region: prices.Region, Date: prices.Date, Traffic: t,
		Flow: flow, Bill: prices.Bill(t.Events(), p.charges(flow)),
		RecipeFlow: recipe, Recipe: prices.Bill(t.Events(), p.charges(recipe)),
		Notes: p.costNotes(t, flow, recipe),
	}, nil
}

func (p *Pipeline) charges(flow cost.Flow) []cost.Charge {
	var all []cost.Charge
	for _, r := range p.Resources() {
		if kind, ok := r.(priced); ok {
			all = append(all, kind.charges(flow)...)
		}
	}
	return all
}

// design is what decides how much traffic makes the pipeline do.
func (p *Pipeline) design(t cost.Traffic) cost.Design {
	return cost.Design{
		Shards:    p.shards(t),
		BatchSize: p.cfg.Mapping.BatchSize, WindowSeconds: p.cfg.Mapping.BatchingWindowSeconds, Parallel: p.cfg.Mapping.ParallelizationFactor,
		Memory: p.cfg.Function.Memory, Lookups: len(p.cfg.Lookups), Compression: p.cfg.Output.Compression, Metrics: ownMetrics,
	}
}

// shards of the stream. On demand it keeps room for twice the traffic.
func (p *Pipeline) shards(t cost.Traffic) int {
	if p.cfg.Stream.Mode == provisioned {
		return p.cfg.Stream.Shards
	}
	return max(onDemandShards, 2*shardsFor(t))
}

// shardsFor is how many shards take the traffic: 1,000 records or 1 MiB a second each.
func shardsFor(t cost.Traffic) int {
	busy := max(t.EventsPerSecond/1000, t.EventsPerSecond*float64(t.EventBytes)/(1<<20))
	whole := int(busy)
	if float64(whole) < busy {
		whole++
	}
	return max(whole, 1)
}

// costNotes tell what the figures leave out, and where the pipeline could not do
// what they assume.
func (p *Pipeline) costNotes(t cost.Traffic, flow, recipe cost.Flow) []string {
	var notes []string
	if need := shardsFor(t); p.cfg.Stream.Mode == provisioned && need > p.cfg.Stream.Shards {
		notes = append(notes, fmt.Sprintf("stream.shards: %d do not take this traffic, which needs %d", p.cfg.Stream.Shards, need))
	}
	if flow.Busy > 1 {
		notes = append(notes, fmt.Sprintf("the function could not keep up: it would have to work %.3g times as fast", flow.Busy))
	}
	if recipe.Busy > 1 {
		notes = append(notes, fmt.Sprintf("the recipe's function could not keep up: it would have to work %.3g times as fast", recipe.Busy))
	}
	for _, lookup := range p.cfg.Lookups {
		if note := readNote(lookup.Name, p.cfg.TableOf(lookup), flow); note != "" {
			notes = append(notes, note)
		}
	}
	if p.cfg.Output.PartitionBy != "" {
		notes = append(notes, "output.partition_by: counted as one value a batch; each further one costs another PUT")
	}
	if len(p.cfg.Lookups) > 0 {
		notes = append(notes, "what is stored in the lookup tables, and loading it, is not counted: their size is not known")
	}
	return notes
}

func readNote(lookup string, table config.Table, flow cost.Flow) string {
	if needed := flow.Reads / 2 / cost.Seconds; table.Mode == provisioned && needed > float64(table.Read) {
		return fmt.Sprintf("lookup table %s: %d read units do not suffice for this traffic, which needs %.0f", lookup, table.Read, needed)
	}
	return ""
}
