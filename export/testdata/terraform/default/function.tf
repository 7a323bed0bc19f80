# The function that enriches, and what it may do.

resource "aws_iam_role" "function" {
  name        = "${local.name}-${data.aws_region.current.region}-role"
  description = "Enrichment function of ${local.name}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Lambda"
        Effect = "Allow"
        Principal = {
          Service = "lambda.amazonaws.com"
        }
        Action = "sts:AssumeRole"
      },
    ]
  })
}

# All that the function may do, on exactly these resources. It may not create its log group,
# or it would bring the group back after the pipeline has gone.
resource "aws_iam_role_policy" "function" {
  name = "pipeline"
  role = aws_iam_role.function.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "ReadStream"
        Effect = "Allow"
        Action = [
          "kinesis:DescribeStream",
          "kinesis:DescribeStreamSummary",
          "kinesis:GetRecords",
          "kinesis:GetShardIterator",
          "kinesis:ListShards",
        ]
        Resource = aws_kinesis_stream.events.arn
      },
      {
        Sid      = "ReadLookupTables"
        Effect   = "Allow"
        Action   = "dynamodb:BatchGetItem"
        Resource = aws_dynamodb_table.users.arn
      },
      {
        Sid    = "WriteObjects"
        Effect = "Allow"
        Action = "s3:PutObject"
        Resource = [
          "${aws_s3_bucket.delivery.arn}/enriched-data/*",
          "${aws_s3_bucket.delivery.arn}/dead-letter/*",
          "${aws_s3_bucket.delivery.arn}/aws/lambda/*",
        ]
      },
      {
        Sid      = "CheckBucket"
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = aws_s3_bucket.delivery.arn
      },
      {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.function.arn}:*"
      },
    ]
  })
}

# Made here and not by Lambda, so that it has a retention and goes when the pipeline goes.
resource "aws_cloudwatch_log_group" "function" {
  name              = "/aws/lambda/${local.name}-function"
  retention_in_days = 30
}

resource "aws_lambda_function" "enrichment" {
  function_name    = "${local.name}-function"
  role             = aws_iam_role.function.arn
  runtime          = "provided.al2023"
  architectures    = ["arm64"]
  handler          = "bootstrap"
  filename         = "${path.module}/function.zip"
  source_code_hash = filebase64sha256("${path.module}/function.zip")
  memory_size      = var.lambda_memory_size
  timeout          = var.lambda_timeout

  environment {
    variables = {
      BUCKET_NAME = aws_s3_bucket.delivery.bucket
      LOG_LEVEL   = "info"
      TABLE_NAME  = aws_dynamodb_table.users.name
    }
  }

  # Each batch's line of level INFO holds the metrics: do not raise the application's level.
  logging_config {
    log_group             = aws_cloudwatch_log_group.function.name
    log_format            = "JSON"
    application_log_level = "INFO"
    system_log_level      = "INFO"
  }

  # A lookup's table that goes is deleted after the function has let go of it.
  lifecycle {
    create_before_destroy = true
  }

  depends_on = [aws_iam_role_policy.function]
}

# From here on records flow.
resource "aws_lambda_event_source_mapping" "events" {
  event_source_arn = aws_kinesis_stream.events.arn
  function_name    = aws_lambda_function.enrichment.function_name
  enabled          = true

  # LATEST would miss what comes in before the mapping has begun to read.
  starting_position                  = "TRIM_HORIZON"
  batch_size                         = 1000
  maximum_batching_window_in_seconds = local.settings.function.maximum_batching_window_in_seconds
  parallelization_factor             = 1

  # -1 is no limit: the age of a record ends its retries.
  maximum_retry_attempts        = -1
  maximum_record_age_in_seconds = 43200

  # A failing batch is halved until only what fails is left; the rest is reported by sequence number.
  bisect_batch_on_function_error = true
  function_response_types        = ["ReportBatchItemFailures"]

  # What is given up is stored under aws/lambda/.
  destination_config {
    on_failure {
      destination_arn = aws_s3_bucket.delivery.arn
    }
  }

  metrics_config {
    metrics = ["EventCount"]
  }

  depends_on = [aws_iam_role_policy.function, aws_s3_bucket_versioning.delivery]
}
