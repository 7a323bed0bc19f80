package config

import (
	"fmt"
	"slices"
	"strings"
)

// agreement checks what only several values together can get wrong.
type agreement struct {
	config   Config
	given    *node // the settings that were given, with their places
	file     string
	checks   []Check
	problems *Problems
}

// complain blames the first of the paths that was given.
func (a *agreement) complain(paths []string, format string, arguments ...any) {
	problem := Problem{Field: paths[0], Message: fmt.Sprintf(format, arguments...)}
	for _, path := range paths {
		if n := a.at(path); n != nil {
			problem.Line, problem.Field = n.line, n.path
			if n.line > 0 { // not a flag or a variable
				problem.File = a.file
			}
			break
		}
	}
	a.problems.add(problem)
}

// at is the given value of a dotted path; nil where it has its default.
func (a *agreement) at(path string) *node { return a.given.at(path) }

// usable tells whether no path was given a value that is refused already.
func (a *agreement) usable(paths ...string) bool {
	return !slices.ContainsFunc(paths, func(path string) bool {
		n := a.at(path)
		return n != nil && n.bad
	})
}

func (a *agreement) check() {
	a.recordAge()
	a.iteratorAge()
	a.topics()
	a.tags()
	if a.usable("lookups") {
		a.lookupNames()
		a.addedFields()
		a.caches()
	}
	a.partitionField()
	a.others()
}

// others asks those who know what follows from the settings.
func (a *agreement) others() {
	if !a.usable("name", "environment", "region", "lookups") {
		return
	}
	for _, check := range a.checks {
		for _, problem := range check.Problems(a.config) {
			a.complain([]string{check.Field}, "%s", problem)
		}
	}
}

// recordAge: a record must live long enough for a second try, and cannot live
// longer than the stream keeps it.
func (a *agreement) recordAge() {
	const age, retention = "mapping.maximum_record_age_seconds", "stream.retention_hours"
	const timeout, window = "function.timeout", "mapping.batching_window_seconds"
	m := a.config.Mapping
	if m.MaximumRecordAgeSeconds == -1 {
		return
	}
	if kept := a.config.Stream.RetentionHours * 3600; a.usable(age, retention) && m.MaximumRecordAgeSeconds > kept {
		a.complain([]string{age, retention}, "%d is longer than the stream keeps a record; use up to %d, or raise %s above %d",
			m.MaximumRecordAgeSeconds, min(kept, maxRecordAge), retention, a.config.Stream.RetentionHours)
	}
	if first := a.config.Function.Timeout + m.BatchingWindowSeconds; a.usable(age, timeout, window) && m.MaximumRecordAgeSeconds <= first {
		a.complain([]string{age, timeout, window},
			"%d leaves no time for a retry: a batch may wait %d s (%s) and run %d s (%s) before it fails; use more than %d",
			m.MaximumRecordAgeSeconds, m.BatchingWindowSeconds, window, a.config.Function.Timeout, timeout, first)
	}
}

// iteratorAge: an alarm about an age that no record reaches would stay silent.
func (a *agreement) iteratorAge() {
	const alarm, age, retention = "alarms.iterator_age_seconds", "mapping.maximum_record_age_seconds", "stream.retention_hours"
	if !a.usable(alarm, age, retention) {
		return
	}
	oldest, limit := a.config.Stream.RetentionHours*3600, retention
	if given := a.config.Mapping.MaximumRecordAgeSeconds; given != -1 && given < oldest {
		oldest, limit = given, age
	}
	if a.config.Alarms.IteratorAgeSeconds >= oldest {
		a.complain([]string{alarm, age, retention}, "%d is never reached: records are given up after %d s (%s); use less, or 0 for no such alarm",
			a.config.Alarms.IteratorAgeSeconds, oldest, limit)
	}
}

// topics: an alarm notifies topics of its own region only, and not many. To SNS
// addresses differ whatever differs, to mail systems not by capital letters.
func (a *agreement) topics() {
	alarms := a.config.Alarms
	if !a.usable("alarms.notify") {
		return
	}
	topics := len(alarms.Topics())
	if len(alarms.Addresses()) > 0 {
		topics++
	}
	if topics > maxTopics {
		a.complain([]string{"alarms.notify"}, "comes to %d topics, with one for all addresses; use up to %d", topics, maxTopics)
	}
	complain := func(i int, format string, arguments ...any) {
		n := a.at("alarms.notify").items[i]
		a.problems.add(Problem{File: a.file, Line: n.line, Field: n.path, Message: fmt.Sprintf(format, arguments...)})
	}
	for i, entry := range alarms.Notify {
		if !strings.HasPrefix(entry, "arn:") {
			if slices.ContainsFunc(alarms.Notify[:i], func(other string) bool { return strings.EqualFold(other, entry) }) {
				complain(i, "%s is in the list already, with other capital letters", shown(entry))
			}
			continue
		}
		if region := strings.Split(entry, ":")[3]; a.config.Region != "" && region != a.config.Region {
			complain(i, "%s is in %s, but an alarm notifies only topics of its own region, %s", shown(entry), region, a.config.Region)
		}
	}
}

// tags: the file's and the environment's together.
func (a *agreement) tags() {
	n := a.at("tags")
	if n == nil || n.bad {
		return
	}
	if len(n.entries) > maxTags {
		a.complain([]string{"tags"}, "has %d tags with those of the environment; use up to %d", len(n.entries), maxTags)
	}
	for i, e := range n.entries {
		for _, other := range n.entries[:i] {
			if strings.EqualFold(e.key, other.key) {
				a.problems.add(Problem{File: a.file, Line: e.value.line, Field: e.value.path, Message: fmt.Sprintf(
					"differs from %q in line %d only in capital letters, which some AWS services refuse", other.key, other.line)})
			}
		}
	}
}

// lookup gives the place of a lookup's key; of the lookup where it has none.
func (a *agreement) lookup(i int, key, format string, arguments ...any) {
	problem := Problem{Field: fmt.Sprintf("lookups[%d].%s", i, key), Message: fmt.Sprintf(format, arguments...)}
	if n := a.at("lookups"); n != nil {
		place := n.items[i]
		problem.File, problem.Line, problem.Field = a.file, place.line, place.path+"."+key
		if value := place.get(key); value != nil {
			problem.Line = value.line
		}
	}
	a.problems.add(problem)
}

func (a *agreement) lookupNames() {
	for i, l := range a.config.Lookups {
		before := a.config.Lookups[:i]
		if first := slices.IndexFunc(before, func(other Lookup) bool { return other.Name == l.Name }); first >= 0 {
			a.lookup(i, "name", "%q is the name of lookups[%d] too", l.Name, first)
		}
	}
}

// addedFields: no field of the enriched event may be written twice, and none
// over a field that a lookup needs.
func (a *agreement) addedFields() {
	taken := map[string]string{}
	for _, name := range ownFields() {
		taken[name] = "enrich adds a field of this name itself"
	}
	for i, l := range a.config.Lookups {
		taken[l.Key] = fmt.Sprintf("it is the key of lookups[%d] and would be overwritten", i)
	}
	for i, l := range a.config.Lookups {
		for _, f := range l.Fields {
			added := l.Prefix + f.To
			if reason := taken[added]; reason != "" {
				a.lookup(i, "fields", "the added field %q (prefix %q and %q) is not possible: %s", added, l.Prefix, f.To, reason)
				continue
			}
			taken[added] = fmt.Sprintf("lookups[%d] adds it already", i)
		}
	}
}

// ownFields are added to every event.
func ownFields() []string {
	return []string{"enrichment_status", "enrichment_misses", "enriched", "processing_timestamp", "enrichment_id"}
}

// partitionField: what is added to an event may be another value in the next try,
// and a record must not move from one folder to another. Hive takes no two columns of
// one name, and does not tell capital letters apart.
func (a *agreement) partitionField() {
	const by, partition = "output.partition_by", "output.partition"
	field := a.config.Output.PartitionBy
	if field == "" || !a.usable(by) {
		return
	}
	added := ownFields()
	if a.usable("lookups") {
		for _, l := range a.config.Lookups {
			for _, f := range l.Fields {
				added = append(added, l.Prefix+f.To)
			}
		}
	}
	if root, _, _ := strings.Cut(field, "."); slices.Contains(added, field) || slices.Contains(added, root) {
		a.complain([]string{by}, "%q is a field that enrich adds: records are sorted by what an event brings, as that stays the same in every try", field)
	}
	name := field[strings.LastIndexByte(field, '.')+1:]
	if a.config.Output.Partition == "hive" && a.usable(partition) && slices.Contains([]string{"year", "month", "day", "hour"}, strings.ToLower(name)) {
		a.complain([]string{by, partition}, "%q would be there twice: the hour's folders have a column %s already; use %s: hour, or another field", name, strings.ToLower(name), partition)
	}
}

// caches: there must be something to keep that may go stale, and room for it.
func (a *agreement) caches() {
	sum := 0
	for i, l := range a.config.Lookups {
		if l.Cache.TTLSeconds == 0 && l.Cache.StaleSeconds > 0 {
			a.lookup(i, "cache", "stale_seconds %d needs a ttl_seconds above 0: with 0 nothing is kept", l.Cache.StaleSeconds)
		}
		sum += l.Cache.SizeMB
	}
	// The rest is for a batch, which takes up to 100 MB at the payload limit, and the program.
	if most := a.config.Function.Memory / 4; a.usable("function.memory") && sum > most {
		a.complain([]string{"lookups"}, "have caches (size_mb) of %d MB together, but %d MB, a quarter of function.memory, is the most; use less, or raise function.memory to %d",
			sum, most, 4*sum)
	}
}
