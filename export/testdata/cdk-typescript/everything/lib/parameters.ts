import { Node } from 'constructs';

export const environments = ['dev', 'staging', 'prod'] as const;
export type Environment = (typeof environments)[number];

/** What who deploys may decide, such as by `-c environment=prod -c lambdaMemorySize=512`. */
export interface Parameters {
  /** Environment that is deployed; names and tags carry it. */
  readonly environment: Environment;
  /** Shards of a provisioned stream, 1 MB/s or 1,000 records/s each; AWS's default quota for an account is 200 or 500 by region. */
  readonly streamShardCount: number;
  /** Memory of the function; its share of a CPU grows with it. */
  readonly lambdaMemorySize: number;
  /** Longest run of the function for one batch. */
  readonly lambdaTimeout: number;
}

/** Reads the parameters from the context, or says all that is wrong with them. */
export function parametersOf(node: Node): Parameters {
  const problems: string[] = [];
  const environment = environmentOf(node, problems);
  const number = (name: string, min: number, max: number, otherwise: number): number => {
    const given: unknown = node.tryGetContext(name) ?? otherwise;
    const n = typeof given === 'string' && /^[0-9]+$/.test(given) ? Number(given) : given;
    if (typeof n === 'number' && Number.isInteger(n) && n >= min && n <= max) {
      return n;
    }
    problems.push(`${name} is ${JSON.stringify(given)}: use a whole number from ${min} to ${max}`);
    return otherwise;
  };
  const parameters = {
    environment,
    streamShardCount: number('streamShardCount', 1, 10000, 4),
    lambdaMemorySize: number('lambdaMemorySize', 128, 10240, 512),
    lambdaTimeout: number('lambdaTimeout', 1, 900, 90),
  };
  if (problems.length > 0) {
    throw new Error(`the context is wrong: ${problems.join('; ')}`);
  }
  return parameters;
}

function environmentOf(node: Node, problems: string[]): Environment {
  const given: unknown = node.tryGetContext('environment') ?? 'dev';
  const environment = environments.find((known) => known === given);
  if (environment === undefined) {
    problems.push(`environment is ${JSON.stringify(given)}: use one of ${environments.join(', ')}`);
  }
  return environment ?? 'dev';
}
