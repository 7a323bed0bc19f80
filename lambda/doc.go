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
//	there are too many packed records         the first ones are stored, the rest is undone
//	it needs one partition too many           what comes before it is stored, the rest is undone
//	the function dies or its answer is lost   delivered again; what was stored is overwritten
//
// Undone records are reported by the lowest of their sequence numbers (see
// checkpoint), and the mapping delivers them, and all after them, again. A record is
// only ever passed over after an object that holds it, or its dead letter, is stored.
//
// # Limits
//
// The guarantee against double records is that of one writer a shard that goes
// forward. An object stays behind, and its records are there twice, when what was
// its first record is not the first one any more or does not come again:
//
//   - two mappings on one stream, or a new one that reads again what another has read;
//   - a parallelization factor above 1, should AWS deal the records out to other
//     lanes when it delivers them again, of which it says nothing;
//   - a mapping that falls back behind what it has acknowledged, or behind the first
//     half of a bisected batch, and makes batches of other sizes from there;
//   - an object that is stored although its batch counts as failed, when records at
//     its beginning then expire and the rest is delivered without them;
//   - objects copied back from the destination for failed batches;
//   - a change of prefix, compression or partition while a batch is being delivered
//     again: what was stored of it before has another name.
//
// enrichment_id is the same in both places and tells such records apart.
package lambda
