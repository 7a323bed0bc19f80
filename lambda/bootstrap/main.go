// Command bootstrap is the function as Lambda starts it: the file of this name at
// the root of the deployment package is what the provided.al2023 runtime runs.
package main

import (
	"os"

	"enrich/lambda"
)

func main() { os.Exit(lambda.Main()) }
