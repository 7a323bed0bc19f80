# Enriched events go out, and what could not be enriched.

resource "aws_s3_bucket" "delivery" {
  bucket = "${local.name}-${data.aws_caller_identity.current.account_id}-${data.aws_region.current.region}"
}

# A batch that is written again replaces its objects; what they were is kept for a while.
resource "aws_s3_bucket_versioning" "delivery" {
  bucket = aws_s3_bucket.delivery.bucket

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "delivery" {
  bucket = aws_s3_bucket.delivery.bucket

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "delivery" {
  bucket                  = aws_s3_bucket.delivery.bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "delivery" {
  bucket = aws_s3_bucket.delivery.bucket

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_policy" "delivery" {
  bucket = aws_s3_bucket.delivery.bucket
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "RefuseWithoutTLS"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.delivery.arn, "${aws_s3_bucket.delivery.arn}/*"]
        Condition = {
          Bool = {
            "aws:SecureTransport" = "false"
          }
        }
      },
    ]
  })

  depends_on = [aws_s3_bucket_public_access_block.delivery]
}

resource "aws_s3_bucket_lifecycle_configuration" "delivery" {
  bucket = aws_s3_bucket.delivery.bucket

  rule {
    id     = "abort-unfinished-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  rule {
    id     = "expire-old-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    expiration {
      expired_object_delete_marker = true
    }
  }

  depends_on = [aws_s3_bucket_versioning.delivery]
}

# Without request metrics the alarm about S3 would have nothing to watch.
resource "aws_s3_bucket_metric" "entire_bucket" {
  bucket = aws_s3_bucket.delivery.bucket
  name   = "EntireBucket"
}
