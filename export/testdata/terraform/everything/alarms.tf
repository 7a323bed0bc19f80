# Who is told, and of what.

locals {
  # Topics that every alarm tells of its state.
  notify = ["arn:aws:sns:eu-central-1:123456789012:on-call", aws_sns_topic.alarms.arn]
}

# Not encrypted: CloudWatch may not use alias/aws/sns, and a key of one's own costs.
resource "aws_sns_topic" "alarms" {
  name = "${local.name}-alarms"
}

# Only alarms of this pipeline may publish.
resource "aws_sns_topic_policy" "alarms" {
  arn = aws_sns_topic.alarms.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "PublishAlarms"
        Effect = "Allow"
        Principal = {
          Service = "cloudwatch.amazonaws.com"
        }
        Action   = "sns:Publish"
        Resource = aws_sns_topic.alarms.arn
        Condition = {
          ArnLike = {
            "aws:SourceArn" = "arn:${data.aws_partition.current.partition}:cloudwatch:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:alarm:${local.name}-*"
          }
          StringEquals = {
            "aws:SourceAccount" = data.aws_caller_identity.current.account_id
          }
        }
      },
    ]
  })
}

# SNS asks the address by mail to confirm.
resource "aws_sns_topic_subscription" "ops_example_com" {
  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = "ops@example.com"
}

resource "aws_cloudwatch_metric_alarm" "function_errors" {
  alarm_name        = "${local.name}-function-errors"
  alarm_description = "The function fails: batches are repeated and their shards stand still"
  namespace         = "AWS/Lambda"
  metric_name       = "Errors"
  dimensions = {
    FunctionName = aws_lambda_function.enrichment.function_name
  }
  statistic           = "Sum"
  period              = 60
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.notify
  ok_actions          = local.notify
}

resource "aws_cloudwatch_metric_alarm" "iterator_age" {
  alarm_name        = "${local.name}-iterator-age"
  alarm_description = "The function is behind: records wait, and at last expire"
  namespace         = "AWS/Lambda"
  metric_name       = "IteratorAge"
  dimensions = {
    FunctionName = aws_lambda_function.enrichment.function_name
  }
  statistic           = "Maximum"
  period              = 60
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 600000
  evaluation_periods  = 5
  datapoints_to_alarm = 5
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.notify
  ok_actions          = local.notify
}

resource "aws_cloudwatch_metric_alarm" "s3_put_errors" {
  alarm_name          = "${local.name}-s3-put-errors"
  alarm_description   = "S3 refuses requests to the delivery bucket: enriched events cannot be stored"
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.notify
  ok_actions          = local.notify

  metric_query {
    id          = "m1"
    return_data = false

    metric {
      namespace   = "AWS/S3"
      metric_name = "4xxErrors"
      dimensions = {
        BucketName = aws_s3_bucket.delivery.bucket
        FilterId   = "EntireBucket"
      }
      stat   = "Sum"
      period = 60
    }
  }

  metric_query {
    id          = "m2"
    return_data = false

    metric {
      namespace   = "AWS/S3"
      metric_name = "5xxErrors"
      dimensions = {
        BucketName = aws_s3_bucket.delivery.bucket
        FilterId   = "EntireBucket"
      }
      stat   = "Sum"
      period = 60
    }
  }

  metric_query {
    id          = "value"
    label       = "S3 refuses requests to the delivery bucket"
    expression  = "FILL(m1, 0) + FILL(m2, 0)"
    return_data = true
  }
}

resource "aws_cloudwatch_metric_alarm" "function_throttles" {
  alarm_name        = "${local.name}-function-throttles"
  alarm_description = "The function is throttled: the account has no executions left for it"
  namespace         = "AWS/Lambda"
  metric_name       = "Throttles"
  dimensions = {
    FunctionName = aws_lambda_function.enrichment.function_name
  }
  statistic           = "Sum"
  period              = 60
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.notify
  ok_actions          = local.notify
}

resource "aws_cloudwatch_metric_alarm" "function_duration" {
  alarm_name          = "${local.name}-function-duration"
  alarm_description   = "The function is slow: batches take almost as long as they may, and fail when they take longer"
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 80
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.notify
  ok_actions          = local.notify

  metric_query {
    id          = "m1"
    return_data = false

    metric {
      namespace   = "AWS/Lambda"
      metric_name = "Duration"
      dimensions = {
        FunctionName = aws_lambda_function.enrichment.function_name
      }
      stat   = "Maximum"
      period = 60
    }
  }

  metric_query {
    id          = "value"
    label       = "The function is slow"
    expression  = "100 * m1 / (${var.lambda_timeout} * 1000)"
    return_data = true
  }
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  alarm_name        = "${local.name}-dead-letters"
  alarm_description = "Records cannot be enriched: they are stored in dead-letter/"
  namespace         = "enrich"
  metric_name       = "RecordsDeadLettered"
  dimensions = {
    FunctionName = aws_lambda_function.enrichment.function_name
  }
  statistic           = "Sum"
  period              = 60
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 1
  datapoints_to_alarm = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.notify
  ok_actions          = local.notify
}

resource "aws_cloudwatch_metric_alarm" "failed_deliveries" {
  alarm_name        = "${local.name}-failed-deliveries"
  alarm_description = "S3 does not take failed batches: their records are lost when the stream forgets them"
  namespace         = "AWS/Lambda"
  metric_name       = "DestinationDeliveryFailures"
  dimensions = {
    FunctionName = aws_lambda_function.enrichment.function_name
  }
  statistic           = "Sum"
  period              = 60
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 1
  datapoints_to_alarm = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.notify
  ok_actions          = local.notify
}

resource "aws_cloudwatch_metric_alarm" "lookup_table_throttling_users" {
  alarm_name        = "${local.name}-lookup-table-throttling-users"
  alarm_description = "The lookup table users is throttled: batches are repeated until it has room"
  namespace         = "AWS/DynamoDB"
  metric_name       = "ReadThrottleEvents"
  dimensions = {
    TableName = aws_dynamodb_table.users.name
  }
  statistic           = "Sum"
  period              = 60
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.notify
  ok_actions          = local.notify
}

resource "aws_cloudwatch_metric_alarm" "lookup_table_throttling_shop_types" {
  alarm_name        = "${local.name}-lookup-table-throttling-shop-types"
  alarm_description = "The lookup table shop-types is throttled: batches are repeated until it has room"
  namespace         = "AWS/DynamoDB"
  metric_name       = "ReadThrottleEvents"
  dimensions = {
    TableName = aws_dynamodb_table.shop_types.name
  }
  statistic           = "Sum"
  period              = 60
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.notify
  ok_actions          = local.notify
}

resource "aws_cloudwatch_metric_alarm" "incoming_records" {
  count = var.environment != "dev" ? 1 : 0

  alarm_name        = "${local.name}-incoming-records"
  alarm_description = "Too few records come in: producers have stopped or cannot reach the stream"
  namespace         = "AWS/Kinesis"
  metric_name       = "IncomingRecords"
  dimensions = {
    StreamName = aws_kinesis_stream.events.name
  }
  statistic           = "Sum"
  period              = 300
  comparison_operator = "LessThanThreshold"
  threshold           = 10
  evaluation_periods  = 3
  datapoints_to_alarm = 3
  treat_missing_data  = "breaching"
  alarm_actions       = local.notify
  ok_actions          = local.notify
}

resource "aws_cloudwatch_metric_alarm" "failed_batches" {
  alarm_name        = "${local.name}-failed-batches"
  alarm_description = "Batches are given up: their records are stored in aws/lambda/, not enriched"
  namespace         = "AWS/Lambda"
  metric_name       = "OnFailureDestinationDeliveredEventCount"
  dimensions = {
    EventSourceMappingUUID = aws_lambda_event_source_mapping.events.uuid
  }
  statistic           = "Sum"
  period              = 60
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 1
  datapoints_to_alarm = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.notify
  ok_actions          = local.notify
}

# One alarm over all others, to look at and to be told of.
resource "aws_cloudwatch_composite_alarm" "pipeline_unhealthy" {
  alarm_name        = "${local.name}-pipeline-unhealthy"
  alarm_description = "The pipeline is unhealthy: one of its alarms at least is on"
  alarm_rule = join(" OR ", formatlist("ALARM(\"%s\")", compact([
    aws_cloudwatch_metric_alarm.function_errors.alarm_name,
    aws_cloudwatch_metric_alarm.iterator_age.alarm_name,
    aws_cloudwatch_metric_alarm.s3_put_errors.alarm_name,
    aws_cloudwatch_metric_alarm.function_throttles.alarm_name,
    aws_cloudwatch_metric_alarm.function_duration.alarm_name,
    aws_cloudwatch_metric_alarm.dead_letters.alarm_name,
    aws_cloudwatch_metric_alarm.failed_deliveries.alarm_name,
    aws_cloudwatch_metric_alarm.lookup_table_throttling_users.alarm_name,
    aws_cloudwatch_metric_alarm.lookup_table_throttling_shop_types.alarm_name,
    one(aws_cloudwatch_metric_alarm.incoming_records[*].alarm_name),
    aws_cloudwatch_metric_alarm.failed_batches.alarm_name,
  ])))
  alarm_actions = local.notify
  ok_actions    = local.notify

  # CloudWatch deletes no alarm that this one still names: it is changed before one goes.
  lifecycle {
    create_before_destroy = true
  }
}
