package pipeline

import (
	"maps"
	"slices"
	"strings"

	"enrich/engine"
)

// Tags that every resource carries besides the user's own. They tell whose a
// resource is, so the user's tags never replace them.
const (
	tagPipeline    = "enrich:pipeline"
	tagEnvironment = "enrich:environment"
	tagManagedBy   = "managed-by"
)

// Manager is what this program calls itself in the tag managed-by. Exports have the
// name of another tool there.
const Manager = "enrich"

// tagsOf are the tags of every resource of a pipeline.
func tagsOf(id Identity, users map[string]string) map[string]string {
	tags := maps.Clone(users)
	if tags == nil {
		tags = make(map[string]string, 3)
	}
	tags[tagPipeline] = id.Name
	tags[tagEnvironment] = id.Environment
	tags[tagManagedBy] = Manager
	return tags
}

// userTags leaves out the tags that AWS itself sets and nobody can change.
func userTags(observed map[string]string) map[string]string {
	tags := make(map[string]string, len(observed))
	for key, value := range observed {
		if !strings.HasPrefix(key, "aws:") {
			tags[key] = value
		}
	}
	return tags
}

// tagChanges tells which tags to set and which to take away.
func tagChanges(observed, desired map[string]string) (set map[string]string, remove []string) {
	set = make(map[string]string)
	for key, value := range desired {
		if now, ok := observed[key]; !ok || now != value {
			set[key] = value
		}
	}
	for key := range userTags(observed) {
		if _, ok := desired[key]; !ok {
			remove = append(remove, key)
		}
	}
	slices.Sort(remove)
	return set, remove
}

// tagList converts tags into a service's own type, in a steady order.
func tagList[T any](tags map[string]string, tag func(key, value string) T) []T {
	list := make([]T, 0, len(tags))
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, tag(key, tags[key]))
	}
	return list
}

// tagMap is the opposite of tagList.
func tagMap[T any](list []T, pair func(T) (key, value *string)) map[string]string {
	tags := make(map[string]string, len(list))
	for _, tag := range list {
		if key, value := pair(tag); key != nil {
			if value == nil {
				tags[*key] = ""
				continue
			}
			tags[*key] = *value
		}
	}
	return tags
}

// tagged tells whether the changes concern tags. They come before every other
// change: what has been changed is then known as the pipeline's, though the run
// that took it over be stopped.
func tagged(changes []engine.Change) bool { return changed(changes, "tags") }

// nonNil tags are those of a kind that can carry some; nil would say that it
// cannot.
func nonNil(tags map[string]string) map[string]string {
	if tags == nil {
		return map[string]string{}
	}
	return tags
}
