output "stream_name" {
  description = "Data stream that takes the events"
  value       = aws_kinesis_stream.events.name
}

output "function_name" {
  description = "Function that enriches them"
  value       = aws_lambda_function.enrichment.function_name
}

output "bucket_name" {
  description = "Bucket that has the enriched events, dead-letter/ and aws/lambda/"
  value       = aws_s3_bucket.delivery.bucket
}

output "table_name" {
  description = "Lookup table users"
  value       = aws_dynamodb_table.users.name
}

output "shop_types_table_name" {
  description = "Lookup table shop-types"
  value       = aws_dynamodb_table.shop_types.name
}
