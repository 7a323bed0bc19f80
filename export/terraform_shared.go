package export

import (
	"reflect"
	"slices"
)

// takeTags takes out of the resources the tags that all of them have.
func takeTags(sets *[3][]resource) value {
	var shared [3]value
	for i, set := range sets {
		common := commonTags(set)
		for _, r := range set {
			if at := tagsEntry(r); at >= 0 {
				own := &Map{}
				for _, e := range r.Properties.Entries[at].Value.(*Map).Entries {
					if _, ok := common.get(e.Key); !ok {
						own.Entries = append(own.Entries, e)
					}
				}
				r.Properties.Entries[at].Value = own
				if len(own.Entries) == 0 {
					r.Properties.Entries = slices.Delete(r.Properties.Entries, at, at+1)
				}
			}
		}
		shared[i] = common
	}
	return merge(shared, []string{groupTags, "tags"})
}

func tagsEntry(r resource) int {
	return slices.IndexFunc(r.Properties.Entries, func(e Entry) bool { return e.Key == "tags" })
}

func commonTags(set []resource) *Map {
	common := &Map{}
	first := true
	for _, r := range set {
		at := tagsEntry(r)
		if at < 0 {
			continue
		}
		tags := r.Properties.Entries[at].Value.(*Map)
		if first {
			first, common.Entries = false, slices.Clone(tags.Entries)
		}
		common.Entries = slices.DeleteFunc(common.Entries, func(e Entry) bool {
			other, ok := tags.get(e.Key)
			return !ok || !reflect.DeepEqual(e.Value, other.Value)
		})
	}
	return common
}

// moduleNotify is what all alarms do, in one place.
const (
	moduleNotify Variable = "notify"
	notifyLocal  string   = "local.notify"
	notifyPath   string   = "notify"
)

// takeActions gives what alarms do one name, if all of an environment do the same. What
// does nothing needs no word.
func takeActions(sets *[3][]resource) value {
	var shared [3]value
	same, some := true, false
	each := func(do func(i int, e *Entry)) {
		for i, set := range sets {
			for _, r := range set {
				for at := range r.Properties.Entries {
					if e := &r.Properties.Entries[at]; e.Key == "alarm_actions" || e.Key == "ok_actions" {
						do(i, e)
					}
				}
			}
		}
	}
	each(func(i int, e *Entry) {
		same = same && (shared[i] == nil || reflect.DeepEqual(shared[i], e.Value))
		shared[i] = e.Value
		some = some || len(e.Value.(List)) > 0
	})
	if some && same {
		each(func(_ int, e *Entry) { e.Value = moduleNotify })
		for i := range shared {
			if shared[i] == nil { // no alarm at all
				shared[i] = List{}
			}
		}
		return merge(shared, []string{notifyPath, "notify"})
	}
	if !some {
		for _, set := range sets {
			for _, r := range set {
				r.Properties.Entries = slices.DeleteFunc(r.Properties.Entries, func(e Entry) bool { return e.Key == "alarm_actions" || e.Key == "ok_actions" })
			}
		}
	}
	return nil
}
