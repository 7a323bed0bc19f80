package redrive

import "enrich/aggregate"

// MarkKey is the key of the tag by which a record that was put again is known, and which
// the function does not look at. Its value is the identity that the record had when it
// failed: <shardId>:<sequenceNumber>[:<subSequence>].
const MarkKey = "enrich:redriven"

// Mark tells the identity that a Kinesis record's data had before it was put again;
// false: it was not. An aggregate of several records has that of the whole, on the first
// of them: the places of the records in it are what they were.
func Mark(data []byte) (identity string, marked bool) { return aggregate.Tag(data, MarkKey) }

// again gives an aggregate the mark, in the place of one that it may have. It answers
// false for what is no aggregate.
func again(identity string, data []byte) ([]byte, bool) {
	return aggregate.Tagged(data, MarkKey, identity)
}

// alone packs data as the only record of an aggregate, with the mark.
func alone(identity, key string, data []byte) []byte {
	packed, _ := again(identity, aggregate.Pack(key, data))
	return packed
}
