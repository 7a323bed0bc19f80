environment        = "dev"
stream_shard_count = 2
lambda_memory_size = 256
lambda_timeout     = 60
