package main

import (
	"regexp"
	"slices"
	"strings"

	"enrich/config"
)

var regionPattern = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$`)

// knownRegions serves suggestions only: AWS opens new ones, and they work
// without being listed here.
// https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
const knownRegions = `
af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3
ap-south-1 ap-south-2 ap-southeast-1 ap-southeast-2 ap-southeast-3
ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ca-central-1
ca-west-1 cn-north-1 cn-northwest-1 eu-central-1 eu-central-2 eu-north-1
eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 eusc-de-east-1 il-central-1
me-central-1 me-south-1 mx-central-1 sa-east-1 us-east-1 us-east-2
us-gov-east-1 us-gov-west-1 us-west-1 us-west-2`

// suggestRegion names the known region nearest to an unknown one; "" for a
// known one and when none is near.
func suggestRegion(region string) string {
	known := strings.Fields(knownRegions)
	if slices.Contains(known, region) {
		return ""
	}
	return config.Suggest(region, known)
}

// checkRegion refuses what cannot be a region before a host is made of it.
func checkRegion(region string) error {
	if region == "" {
		return failf("no region").with("NoRegion", nil).
			hint("name one with --region, ENRICH_REGION, region: in enrich.yaml, or AWS_REGION").
			hint("enrich --local … needs none")
	}
	if regionPattern.MatchString(region) {
		return nil
	}
	err := failf("region %q is not the name of an AWS region", region).with("BadRegion", nil)
	if near := config.Suggest(region, strings.Fields(knownRegions)); near != "" {
		return err.hint("did you mean %s?", near)
	}
	return err.hint("regions are named like us-east-1")
}
