provider "aws" {
  default_tags {
    tags = {
      "enrich:environment" = var.environment
      "enrich:pipeline"    = "data-enrichment"
      managed-by           = "terraform"
    }
  }
}

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}
