import json
from dataclasses import dataclass

from constructs import Node

ENVIRONMENTS = ("dev", "staging", "prod")


@dataclass(frozen=True)
class Parameters:
    """What who deploys may decide, such as by `-c environment=prod -c lambdaMemorySize=512`."""

    # {{.EnvironmentDoc}}
    environment: str
{{- range .Numbers}}
    # {{.Doc}}
    {{snake .Name}}: int
{{- end}}


def parameters_of(node: Node) -> Parameters:
    """Reads the parameters from the context, or says all that is wrong with them."""
    problems: list[str] = []
    environment = node.try_get_context("environment")
    if environment is None:
        environment = "{{.Environment}}"
    if environment not in ENVIRONMENTS:
        problems.append(f"environment is {json.dumps(environment)}: use one of {', '.join(ENVIRONMENTS)}")
        environment = "{{.Environment}}"
{{- if .Numbers}}

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
{{- end}}

    parameters = Parameters(
        environment=environment,
{{- range .Numbers}}
{{- if .Differs}}
        {{snake .Name}}=number(
            "{{.Name}}",
            {{.Min}},
            {{.Max}},
            {{.Default}},
        ),
{{- else}}
        {{snake .Name}}=number("{{.Name}}", {{.Min}}, {{.Max}}, {{.Default}}),
{{- end}}
{{- end}}
    )
    if problems:
        raise SystemExit(f"the context is wrong: {'; '.join(problems)}")
    return parameters
