# Events come in.

resource "aws_kinesis_stream" "events" {
  name                = "${local.name}-stream"
  shard_count         = local.settings.stream.shard_count
  retention_period    = 48
  shard_level_metrics = ["IncomingBytes", "IteratorAgeMilliseconds"]

  # By a key that AWS manages: nothing to pay for, and nobody needs to be granted it.
  encryption_type = "KMS"
  kms_key_id      = "alias/aws/kinesis"

  # A destroy does not fail at readers with enhanced fan-out.
  enforce_consumer_deletion = true

  stream_mode_details {
    stream_mode = local.settings.stream.stream_mode
  }

  # Whoever keeps the states of the environments in workspaces does not deploy one over another.
  lifecycle {
    precondition {
      condition     = terraform.workspace == var.environment || !contains(["dev", "staging", "prod"], terraform.workspace)
      error_message = "This is the workspace of another environment, whose resources would be replaced. Select the one with the environment's name."
    }
  }
}
