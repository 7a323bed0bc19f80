package config

import (
	"regexp"
	"sync"
)

// compiled compiles a regular expression when it is first used: all together they
// would take a quarter of the time in which a short command is to be done.
func compiled(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}
