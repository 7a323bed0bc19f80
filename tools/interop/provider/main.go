// The program provider stands for Terraform's provider hashicorp/aws in tests: it has the
// same arguments, and no AWS behind it. It plans what is configured, with the ARNs that
// AWS would give, and keeps what has been applied in the state alone.
package main

import (
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tfprotov5/tf5server"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "provider:", err)
		os.Exit(1)
	}
}

func run() error {
	kinds, err := readKinds(os.Getenv("PROVIDER_SCHEMA"))
	if err != nil {
		return err
	}
	place := place{
		account: os.Getenv("PROVIDER_ACCOUNT"), region: os.Getenv("PROVIDER_REGION"), partition: os.Getenv("PROVIDER_PARTITION"),
		mapping: os.Getenv("PROVIDER_MAPPING"), keeps: os.Getenv("PROVIDER_KEEPS"),
	}
	return tf5server.Serve("hashicorp/aws", func() tfprotov5.ProviderServer {
		return &provider{kinds: kinds, place: place}
	})
}
