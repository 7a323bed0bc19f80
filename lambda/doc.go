// Package lambda is the pipeline's function: it takes the batches of a Kinesis
// event source mapping, looks up what the events are to be joined with, stores the
// enriched events in S3, and answers with what is left to be done.
//
// # Objects
//
// A batch gives one object of enriched records for each hour of arrival, and one
// of dead letters where there are any:
//
//	enriched-data/2026/11/23/14/shardId-000000000003-49590….ndjson.gz
//	dead-letter/2026/11/23/14/shardId-000000000003-49590….ndjson.gz
//
// The number is the sequence number of the object's own first record: of enriched
// objects the first record that is a valid event, of dead-letter objects the first
// dead letter. The hour is that of the record's arrival. So however the same records
// are delivered again, as a whole, from a checkpoint, in halves or in other batches,
// the batch that holds an object's first record writes the object anew, and none
// stays behind to hold a record a second time. (A dead-letter object that was named
// by a good record before it would be left behind when that record comes without
// the bad one.) The only case left is a lookup with the policy dead-letter whose
// item appears between two attempts: the record's dead letter of the first attempt
// may then stay beside the enriched record of the second.
//
// # What happens to a record
//
//	what happens                              what becomes of the record
//	it is a JSON object                       stored, enriched, in the order of the stream
//	its key has no item, or it has no key     by the lookup's policy: enriched with Unknown, null
//	                                          or nothing, or a dead letter
//	it is no JSON object, no UTF-8, too large a dead letter; it holds up nothing
//	it makes the program panic                a dead letter with the panic as reason
//	it is a KPL aggregate                     its parts are records of their own, numbered from 0
//	it only looks like an aggregate           it is a record as it is
//	the table throttles, fails or hangs       tried again while there is time; then undone
//	the table refuses for good                undone at once, with the reason in the log
//	S3 fails, hangs or refuses                likewise, with every record of the object
//	the time is nearly over                   what is enriched is stored, the rest is undone
//	the function dies or its answer is lost   delivered again; what was stored is overwritten
//
// Undone records are reported by the lowest of their sequence numbers (see
// checkpoint), and the mapping delivers them, and all after them, again. A record is
// only ever passed over after an object that holds it, or its dead letter, is stored.
//
// The guarantee against double records is that of one writer a shard: it holds with
// any parallelization factor, since no record is in two lanes, but not for two
// mappings on one stream, nor when objects are copied back from a destination for
// failed batches.
package lambda
