import { Node } from 'constructs';

export const environments = ['dev', 'staging', 'prod'] as const;
export type Environment = (typeof environments)[number];

/** What who deploys may decide, such as by `-c environment=prod -c lambdaMemorySize=512`. */
export interface Parameters {
  /** {{.EnvironmentDoc}} */
  readonly environment: Environment;
{{- range .Numbers}}
  /** {{.Doc}} */
  readonly {{.Name}}: number;
{{- end}}
}

/** Reads the parameters from the context, or says all that is wrong with them. */
export function parametersOf(node: Node): Parameters {
  const problems: string[] = [];
  const environment = environmentOf(node, problems);
{{- if .Numbers}}
  const number = (name: string, min: number, max: number, otherwise: number): number => {
    const given: unknown = node.tryGetContext(name) ?? otherwise;
    const n = typeof given === 'string' && /^[0-9]+$/.test(given) ? Number(given) : given;
    if (typeof n === 'number' && Number.isInteger(n) && n >= min && n <= max) {
      return n;
    }
    problems.push(`${name} is ${JSON.stringify(given)}: use a whole number from ${min} to ${max}`);
    return otherwise;
  };
{{- end}}
  const parameters = {
    environment,
{{- range .Numbers}}
    {{.Name}}: number('{{.Name}}', {{.Min}}, {{.Max}}, {{.Default}}),
{{- end}}
  };
  if (problems.length > 0) {
    throw new Error(`the context is wrong: ${problems.join('; ')}`);
  }
  return parameters;
}

function environmentOf(node: Node, problems: string[]): Environment {
  const given: unknown = node.tryGetContext('environment') ?? '{{.Environment}}';
  const environment = environments.find((known) => known === given);
  if (environment === undefined) {
    problems.push(`environment is ${JSON.stringify(given)}: use one of ${environments.join(', ')}`);
  }
  return environment ?? '{{.Environment}}';
}
