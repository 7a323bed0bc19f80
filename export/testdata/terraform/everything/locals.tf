locals {
  name     = "online-retail-${var.environment}"
  settings = local.environments[var.environment]

  # Settings that are not the same in all environments.
  environments = {
    dev = {
      tags = {
        team = "data and insight"
      }
      stream = {
        shard_count = var.stream_shard_count
        stream_mode = "PROVISIONED"
      }
      lookup = {
        deletion_protection_enabled    = false
        point_in_time_recovery_enabled = false
      }
      function = {
        retention_in_days = 7
      }
    }
    staging = {
      tags = {
        team = "data and insight"
      }
      stream = {
        shard_count = var.stream_shard_count
        stream_mode = "PROVISIONED"
      }
      lookup = {
        deletion_protection_enabled    = false
        point_in_time_recovery_enabled = false
      }
      function = {
        retention_in_days = 90
      }
    }
    prod = {
      tags = {
        team = "retail"
      }
      stream = {
        shard_count = null
        stream_mode = "ON_DEMAND"
      }
      lookup = {
        deletion_protection_enabled    = true
        point_in_time_recovery_enabled = true
      }
      function = {
        retention_in_days = 90
      }
    }
  }
}
