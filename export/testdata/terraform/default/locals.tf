locals {
  name     = "data-enrichment-${var.environment}"
  settings = local.environments[var.environment]

  # Settings that are not the same in all environments.
  environments = {
    dev = {
      lookup = {
        deletion_protection_enabled    = false
        point_in_time_recovery_enabled = false
      }
      function = {
        maximum_batching_window_in_seconds = 1
      }
    }
    staging = {
      lookup = {
        deletion_protection_enabled    = false
        point_in_time_recovery_enabled = false
      }
      function = {
        maximum_batching_window_in_seconds = 5
      }
    }
    prod = {
      lookup = {
        deletion_protection_enabled    = true
        point_in_time_recovery_enabled = true
      }
      function = {
        maximum_batching_window_in_seconds = 5
      }
    }
  }
}
