// A provider that stands in for hashicorp/google in the checks of the Terraform modules.
//
// It serves the schema that the provider publishes, checks values as the provider does, and plans and applies with
// values of its own in place of those that the cloud computes. It uses no network. docs/testing.md has its limits.
package main

import (
	"log"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tfprotov5/tf5server"
)

const address = "registry.terraform.io/hashicorp/google"

func main() {
	published, err := readCatalog()
	if err != nil {
		log.Fatal(err)
	}
	served := &server{catalog: published}
	if err := tf5server.Serve(address, func() tfprotov5.ProviderServer { return served }); err != nil {
		log.Fatal(err)
	}
}
