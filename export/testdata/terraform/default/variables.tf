variable "environment" {
  description = "Environment that is deployed; names and tags carry it."
  type        = string
  default     = "dev"

  validation {
    condition     = contains(["dev", "staging", "prod"], var.environment)
    error_message = "environment must be dev, staging or prod."
  }
}

variable "stream_shard_count" {
  description = "Shards of a provisioned stream, 1 MB/s or 1,000 records/s each; AWS's default quota for an account is 200 or 500 by region."
  type        = number
  default     = 2

  validation {
    condition     = var.stream_shard_count == floor(var.stream_shard_count) && var.stream_shard_count >= 1 && var.stream_shard_count <= 10000
    error_message = "stream_shard_count must be a whole number from 1 to 10000."
  }
}

variable "lambda_memory_size" {
  description = "Memory of the function; its share of a CPU grows with it. In MB."
  type        = number
  default     = 256

  validation {
    condition     = var.lambda_memory_size == floor(var.lambda_memory_size) && var.lambda_memory_size >= 128 && var.lambda_memory_size <= 10240
    error_message = "lambda_memory_size must be a whole number from 128 to 10240."
  }
}

variable "lambda_timeout" {
  description = "Longest run of the function for one batch. In seconds."
  type        = number
  default     = 60

  validation {
    condition     = var.lambda_timeout == floor(var.lambda_timeout) && var.lambda_timeout >= 1 && var.lambda_timeout <= 900
    error_message = "lambda_timeout must be a whole number from 1 to 900."
  }
}
