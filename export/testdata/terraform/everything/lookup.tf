# What events are enriched with.

resource "aws_dynamodb_table" "users" {
  name                        = "${local.name}-users"
  billing_mode                = "PROVISIONED"
  read_capacity               = 20
  write_capacity              = 10
  hash_key                    = "user_id"
  deletion_protection_enabled = local.settings.lookup.deletion_protection_enabled

  attribute {
    name = "user_id"
    type = "S"
  }

  # By a key that AWS manages, whose use CloudTrail shows.
  server_side_encryption {
    enabled = true
  }

  point_in_time_recovery {
    enabled = local.settings.lookup.point_in_time_recovery_enabled
  }
}

resource "aws_dynamodb_table" "shop_types" {
  name                        = "${local.name}-shop-types"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "type"
  deletion_protection_enabled = local.settings.lookup.deletion_protection_enabled

  attribute {
    name = "type"
    type = "N"
  }

  # By a key that AWS manages, whose use CloudTrail shows.
  server_side_encryption {
    enabled = true
  }

  point_in_time_recovery {
    enabled = local.settings.lookup.point_in_time_recovery_enabled
  }
}
