# The pipeline on one page.

resource "aws_cloudwatch_dashboard" "pipeline" {
  dashboard_name = "${local.name}-${data.aws_region.current.region}"
  dashboard_body = jsonencode({
    start          = "-PT3H"
    periodOverride = "inherit"
    widgets = [
      {
        type   = "text"
        x      = 0
        y      = 0
        width  = 24
        height = 2
        properties = {
          markdown = "# ${local.name}\nPipeline **online-retail**, environment **${var.environment}**, managed by **terraform**: what is changed here lasts until the next deploy."
        }
      },
      {
        type   = "alarm"
        x      = 0
        y      = 2
        width  = 24
        height = 3
        properties = {
          title = "Alarms"
          alarms = compact([
            aws_cloudwatch_metric_alarm.function_errors.arn,
            aws_cloudwatch_metric_alarm.iterator_age.arn,
            aws_cloudwatch_metric_alarm.s3_put_errors.arn,
            aws_cloudwatch_metric_alarm.function_throttles.arn,
            aws_cloudwatch_metric_alarm.function_duration.arn,
            aws_cloudwatch_metric_alarm.dead_letters.arn,
            aws_cloudwatch_metric_alarm.failed_deliveries.arn,
            aws_cloudwatch_metric_alarm.lookup_table_throttling_users.arn,
            aws_cloudwatch_metric_alarm.lookup_table_throttling_shop_types.arn,
            one(aws_cloudwatch_metric_alarm.incoming_records[*].arn),
            aws_cloudwatch_metric_alarm.failed_batches.arn,
            aws_cloudwatch_composite_alarm.pipeline_unhealthy.arn,
          ])
        }
      },
      {
        type   = "metric"
        x      = 0
        y      = 5
        width  = 24
        height = 4
        properties = {
          title     = "The last five minutes"
          region    = data.aws_region.current.region
          view      = "singleValue"
          sparkline = true
          stat      = "Sum"
          period    = 300
          metrics = [
            ["AWS/Kinesis", "IncomingRecords", "StreamName", aws_kinesis_stream.events.name, { label = "records-in" }],
            ["AWS/Lambda", "IteratorAge", "FunctionName", aws_lambda_function.enrichment.function_name, { label = "iterator-age", stat = "Maximum" }],
            ["AWS/Lambda", "Errors", "FunctionName", aws_lambda_function.enrichment.function_name, { label = "errors" }],
            ["AWS/Lambda", "Throttles", "FunctionName", aws_lambda_function.enrichment.function_name, { label = "throttles" }],
            ["AWS/Lambda", "Duration", "FunctionName", aws_lambda_function.enrichment.function_name, { label = "duration-p99", stat = "p99" }],
            ["enrich", "RecordsEnriched", "FunctionName", aws_lambda_function.enrichment.function_name, { label = "enriched" }],
            ["enrich", "RecordsDeadLettered", "FunctionName", aws_lambda_function.enrichment.function_name, { label = "dead-letters" }],
            ["enrich", "LookupMisses", "FunctionName", aws_lambda_function.enrichment.function_name, { label = "lookup-misses" }],
            ["enrich", "LookupKeys", "FunctionName", aws_lambda_function.enrichment.function_name, { label = "lookup-keys" }],
            ["enrich", "CacheHits", "FunctionName", aws_lambda_function.enrichment.function_name, { label = "cache-hits" }],
            ["enrich", "LookupThrottles", "FunctionName", aws_lambda_function.enrichment.function_name, { label = "lookup-throttles" }],
            ["enrich", "StoreErrors", "FunctionName", aws_lambda_function.enrichment.function_name, { label = "store-errors" }],
          ]
        }
      },
      {
        type   = "metric"
        x      = 0
        y      = 9
        width  = 8
        height = 6
        properties = {
          title  = "Records in"
          region = data.aws_region.current.region
          view   = "timeSeries"
          stat   = "Sum"
          period = 60
          metrics = [
            ["AWS/Kinesis", "IncomingRecords", "StreamName", aws_kinesis_stream.events.name, { label = "records put" }],
            ["AWS/Kinesis", "WriteProvisionedThroughputExceeded", "StreamName", aws_kinesis_stream.events.name, { label = "records refused: not enough shards" }],
          ]
          yAxis = {
            left = {
              min       = 0
              label     = "a minute"
              showUnits = false
            }
          }
        }
      },
      {
        type   = "metric"
        x      = 8
        y      = 9
        width  = 8
        height = 6
        properties = {
          title  = "Bytes"
          region = data.aws_region.current.region
          view   = "timeSeries"
          stat   = "Sum"
          period = 60
          metrics = [
            ["AWS/Kinesis", "IncomingBytes", "StreamName", aws_kinesis_stream.events.name, { label = "bytes put" }],
            ["AWS/S3", "BytesUploaded", "BucketName", aws_s3_bucket.delivery.bucket, "FilterId", "EntireBucket", { label = "bytes stored, compressed" }],
          ]
          yAxis = {
            left = {
              min       = 0
              label     = "bytes a minute"
              showUnits = false
            }
          }
        }
      },
      {
        type   = "metric"
        x      = 16
        y      = 9
        width  = 8
        height = 6
        properties = {
          title  = "How far readers are behind"
          region = data.aws_region.current.region
          view   = "timeSeries"
          stat   = "Maximum"
          period = 60
          metrics = [
            ["AWS/Lambda", "IteratorAge", "FunctionName", aws_lambda_function.enrichment.function_name, { label = "how far the function is behind" }],
            ["AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", "StreamName", aws_kinesis_stream.events.name, { label = "how far any reader is behind" }],
          ]
          yAxis = {
            left = {
              min       = 0
              label     = "ms"
              showUnits = false
            }
          }
        }
      },
      {
        type   = "metric"
        x      = 0
        y      = 15
        width  = 8
        height = 6
        properties = {
          title  = "Batches"
          region = data.aws_region.current.region
          view   = "timeSeries"
          stat   = "Sum"
          period = 60
          metrics = [
            ["AWS/Lambda", "Invocations", "FunctionName", aws_lambda_function.enrichment.function_name, { label = "batches" }],
            ["AWS/Lambda", "Errors", "FunctionName", aws_lambda_function.enrichment.function_name, { label = "batches that failed" }],
            ["AWS/Lambda", "Throttles", "FunctionName", aws_lambda_function.enrichment.function_name, { label = "batches that were throttled" }],
            [
              "AWS/Lambda",
              "DestinationDeliveryFailures",
              "FunctionName",
              aws_lambda_function.enrichment.function_name,
              {
                label = "batches that were given up and not stored"
              },
            ],
          ]
          yAxis = {
            left = {
              min       = 0
              label     = "a minute"
              showUnits = false
            }
          }
        }
      },
      {
        type   = "metric"
        x      = 8
        y      = 15
        width  = 8
        height = 6
        properties = {
          title  = "Time of a batch"
          region = data.aws_region.current.region
          view   = "timeSeries"
          stat   = "Average"
          period = 60
          metrics = [
            ["AWS/Lambda", "Duration", "FunctionName", aws_lambda_function.enrichment.function_name, { label = "time of a batch" }],
            ["AWS/Lambda", "Duration", "FunctionName", aws_lambda_function.enrichment.function_name, { label = "time of the slowest hundredth", stat = "p99" }],
            ["AWS/Lambda", "Duration", "FunctionName", aws_lambda_function.enrichment.function_name, { label = "time of the slowest", stat = "Maximum" }],
          ]
          yAxis = {
            left = {
              min       = 0
              label     = "ms"
              showUnits = false
            }
          }
        }
      },
      {
        type   = "metric"
        x      = 16
        y      = 15
        width  = 8
        height = 6
        properties = {
          title  = "Batches at the same time"
          region = data.aws_region.current.region
          view   = "timeSeries"
          stat   = "Maximum"
          period = 60
          metrics = [
            ["AWS/Lambda", "ConcurrentExecutions", "FunctionName", aws_lambda_function.enrichment.function_name, { label = "batches at the same time" }],
          ]
          yAxis = {
            left = {
              min       = 0
              showUnits = false
            }
          }
        }
      },
      {
        type   = "metric"
        x      = 0
        y      = 21
        width  = 8
        height = 6
        properties = {
          title  = "Records"
          region = data.aws_region.current.region
          view   = "timeSeries"
          stat   = "Sum"
          period = 60
          metrics = [
            ["enrich", "RecordsEnriched", "FunctionName", aws_lambda_function.enrichment.function_name, { label = "records stored enriched" }],
            ["enrich", "RecordsDeadLettered", "FunctionName", aws_lambda_function.enrichment.function_name, { label = "records stored as dead letters" }],
            ["enrich", "LookupMisses", "FunctionName", aws_lambda_function.enrichment.function_name, { label = "records without an item" }],
          ]
          yAxis = {
            left = {
              min       = 0
              label     = "a minute"
              showUnits = false
            }
          }
        }
      },
      {
        type   = "metric"
        x      = 8
        y      = 21
        width  = 8
        height = 6
        properties = {
          title  = "Lookups"
          region = data.aws_region.current.region
          view   = "timeSeries"
          stat   = "Sum"
          period = 60
          metrics = [
            ["enrich", "LookupKeys", "FunctionName", aws_lambda_function.enrichment.function_name, { label = "keys of batches to be looked up" }],
            ["enrich", "CacheHits", "FunctionName", aws_lambda_function.enrichment.function_name, { label = "keys that needed no lookup" }],
            ["enrich", "Lookups", "FunctionName", aws_lambda_function.enrichment.function_name, { label = "requests to the lookup tables" }],
            ["enrich", "LookupThrottles", "FunctionName", aws_lambda_function.enrichment.function_name, { label = "of them refused, wholly or in part" }],
          ]
          yAxis = {
            left = {
              min       = 0
              label     = "a minute"
              showUnits = false
            }
          }
        }
      },
      {
        type   = "metric"
        x      = 16
        y      = 21
        width  = 8
        height = 6
        properties = {
          title  = "Reads of the lookup tables"
          region = data.aws_region.current.region
          view   = "timeSeries"
          stat   = "Sum"
          period = 60
          metrics = [
            ["AWS/DynamoDB", "ConsumedReadCapacityUnits", "TableName", aws_dynamodb_table.users.name, { label = "read units of users" }],
            ["AWS/DynamoDB", "ReadThrottleEvents", "TableName", aws_dynamodb_table.users.name, { label = "reads of users throttled" }],
            ["AWS/DynamoDB", "ConsumedReadCapacityUnits", "TableName", aws_dynamodb_table.shop_types.name, { label = "read units of shop-types" }],
            ["AWS/DynamoDB", "ReadThrottleEvents", "TableName", aws_dynamodb_table.shop_types.name, { label = "reads of shop-types throttled" }],
          ]
          yAxis = {
            left = {
              min       = 0
              label     = "a minute"
              showUnits = false
            }
          }
        }
      },
      {
        type   = "metric"
        x      = 0
        y      = 27
        width  = 8
        height = 6
        properties = {
          title  = "Time of a lookup"
          region = data.aws_region.current.region
          view   = "timeSeries"
          stat   = "Average"
          period = 60
          metrics = [
            ["AWS/DynamoDB", "SuccessfulRequestLatency", "Operation", "BatchGetItem", "TableName", aws_dynamodb_table.users.name, { label = "time of a lookup in users" }],
            [
              "AWS/DynamoDB",
              "SuccessfulRequestLatency",
              "Operation",
              "BatchGetItem",
              "TableName",
              aws_dynamodb_table.shop_types.name,
              {
                label = "time of a lookup in shop-types"
              },
            ],
          ]
          yAxis = {
            left = {
              min       = 0
              label     = "ms"
              showUnits = false
            }
          }
        }
      },
      {
        type   = "metric"
        x      = 8
        y      = 27
        width  = 8
        height = 6
        properties = {
          title  = "Objects"
          region = data.aws_region.current.region
          view   = "timeSeries"
          stat   = "Sum"
          period = 60
          metrics = [
            ["enrich", "StoreErrors", "FunctionName", aws_lambda_function.enrichment.function_name, { label = "objects that could not be stored" }],
            ["AWS/S3", "PutRequests", "BucketName", aws_s3_bucket.delivery.bucket, "FilterId", "EntireBucket", { label = "objects stored" }],
            ["AWS/S3", "4xxErrors", "BucketName", aws_s3_bucket.delivery.bucket, "FilterId", "EntireBucket", { label = "requests to the bucket refused" }],
            ["AWS/S3", "5xxErrors", "BucketName", aws_s3_bucket.delivery.bucket, "FilterId", "EntireBucket", { label = "requests to the bucket that failed" }],
          ]
          yAxis = {
            left = {
              min       = 0
              label     = "a minute"
              showUnits = false
            }
          }
        }
      },
    ]
  })
}
