package lambda

// Aggregated is aggregated, for tests of the whole function.
func Aggregated(pairs ...string) string { return aggregated(pairs...) }
