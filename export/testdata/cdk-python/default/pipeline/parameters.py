import json
from dataclasses import dataclass

from constructs import Node

ENVIRONMENTS = ("dev", "staging", "prod")


@dataclass(frozen=True)
class Parameters:
    """What who deploys may decide, such as by `-c environment=prod -c lambdaMemorySize=512`."""

    # Environment that is deployed; names and tags carry it.
    environment: str
    # Shards of a provisioned stream, 1 MB/s or 1,000 records/s each; AWS's default quota for an account is 200 or 500 by region.
    stream_shard_count: int
    # Memory of the function; its share of a CPU grows with it.
    lambda_memory_size: int
    # Longest run of the function for one batch.
    lambda_timeout: int


def parameters_of(node: Node) -> Parameters:
    """Reads the parameters from the context, or says all that is wrong with them."""
    problems: list[str] = []
    environment = node.try_get_context("environment")
    if environment is None:
        environment = "dev"
    if environment not in ENVIRONMENTS:
        problems.append(f"environment is {json.dumps(environment)}: use one of {', '.join(ENVIRONMENTS)}")
        environment = "dev"

    def number(name: str, lowest: int, highest: int, otherwise: int) -> int:
        given = node.try_get_context(name)
        if given is None:
            return otherwise
        n = int(given) if isinstance(given, str) and given.isdecimal() else given
        if isinstance(n, float) and n.is_integer():  # as JSON has no whole numbers
            n = int(n)
        if isinstance(n, int) and not isinstance(n, bool) and lowest <= n <= highest:
            return n
        problems.append(f"{name} is {json.dumps(given)}: use a whole number from {lowest} to {highest}")
        return otherwise

    parameters = Parameters(
        environment=environment,
        stream_shard_count=number("streamShardCount", 1, 10000, 2),
        lambda_memory_size=number("lambdaMemorySize", 128, 10240, 256),
        lambda_timeout=number("lambdaTimeout", 1, 900, 60),
    )
    if problems:
        raise SystemExit(f"the context is wrong: {'; '.join(problems)}")
    return parameters
