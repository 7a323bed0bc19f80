package config

import "strings"

// maxRecordAge is AWS's limit in seconds: seven days.
const maxRecordAge = 604800

// maxRetention is how long, in seconds, a stream may keep a record.
const maxRetention = 8760 * 3600

// maxCount is more than an alarm can ever have to count.
const maxCount = 1_000_000_000

// maxCache is the longest that the function may keep an item, in seconds.
const maxCache = 604800

// derive fills in the defaults that follow from other keys, where the settings
// that were given have none.
func derive(c *Config, given *node) {
	if age := given.get("mapping").get("maximum_record_age_seconds"); age == nil || age.bad {
		c.Mapping.MaximumRecordAgeSeconds = min(c.Stream.RetentionHours*3600/2, maxRecordAge)
	}
	if age := given.get("alarms").get("iterator_age_seconds"); age == nil || age.bad {
		c.Alarms.IteratorAgeSeconds = iteratorAge(c.Mapping.MaximumRecordAgeSeconds)
	}
	lookups := given.get("lookups")
	if lookups == nil || lookups.bad {
		return
	}
	for i := range c.Lookups {
		deriveLookup(&c.Lookups[i], lookups.items[i], c.Table)
	}
}

// iteratorAge is ten minutes, or earlier where records are given up soon: a tenth of
// their age leaves time to act. -1 is no age at all.
func iteratorAge(recordAge int) int {
	const tenMinutes = 600
	if recordAge <= 0 {
		return tenMinutes
	}
	return max(min(tenMinutes, recordAge/10), 1)
}

func deriveLookup(l *Lookup, given *node, table Table) {
	if given.get("table_key") == nil {
		l.TableKey = l.Key[strings.LastIndexByte(l.Key, '.')+1:]
	}
	if given.get("prefix") == nil {
		l.Prefix = prefixOf(l.Name)
	}
	if given.get("missing") == nil {
		l.Missing = "unknown"
	}
	if given.get("table_key_type") == nil {
		l.KeyType = "string"
	}
	if given.get("cache").get("ttl_seconds") == nil {
		l.Cache.TTLSeconds = defaultCache().TTLSeconds
	}
	if given.get("cache").get("missing_ttl_seconds") == nil {
		l.Cache.MissingTTLSeconds = defaultCache().MissingTTLSeconds
	}
	for i := range l.Fields {
		if l.Fields[i].To == "" {
			l.Fields[i].To = l.Fields[i].From
		}
	}
	if l.Table == nil {
		return
	}
	if l.Table.Mode == "" {
		l.Table.Mode = table.Mode
	}
	if l.Table.Read == 0 {
		l.Table.Read = table.Read
	}
	if l.Table.Write == 0 {
		l.Table.Write = table.Write
	}
}

// prefixOf gives customers the prefix customer_, and address the prefix
// address_.
func prefixOf(name string) string {
	name = strings.ReplaceAll(name, "-", "_")
	if !strings.HasSuffix(name, "ss") && len(name) > 1 {
		name = strings.TrimSuffix(name, "s")
	}
	return name + "_"
}
