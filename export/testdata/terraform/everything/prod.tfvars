environment        = "prod"
stream_shard_count = 4
lambda_memory_size = 512
lambda_timeout     = 90
