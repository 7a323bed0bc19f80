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
// Another Output changes the hour's folders and the compression, and with a field to
// partition by there is one object for each of its values, in a folder of its own.
// Dead letters keep the folders above.
//
//	enriched-data/year=2026/month=11/day=23/hour=14/event_type=page_view/shardId-000000000003-49590….ndjson.zst
//
// A record's folder follows from the record alone. Were it for the batch to say which
// values get a folder, a record that comes again in another batch would be stored in
// two. So a batch of more partitions than Output.MaxPartitions is cut where there are
// enough, and the rest is undone; it comes again as the next batch.
//
// The number is the sequence number of the object's own first record: of enriched
// objects the first record that is a valid event, of dead-letter objects the first
// dead letter. The hour is that of the record's arrival. So however the same records
// are delivered again, as a whole, from a checkpoint, in halves or in other batches,
// the batch that holds an object's first record writes the object anew, and none
// stays behind to hold a record a second time. (A dead-letter object that was named
// by a good record before it would be left behind when that record comes without
// the bad one.) The only case left is a lookup with the policy dead-letter whose
// item appears between two attempts: the dead-letter object of the first attempt,
// which is named by a record that then is none, may stay beside the objects of the
// second with the same records.
//
// Undone records are reported by the lowest of their sequence numbers (see
// checkpoint), and the mapping delivers them, and all after them, again. A record is
// only ever passed over after an object that holds it, or its dead letter, is stored.
//
// docs/function.md tells what becomes of a record in each case, and where the
// guarantees end.
package lambda
