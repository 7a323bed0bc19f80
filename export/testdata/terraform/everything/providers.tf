provider "aws" {
  region = "eu-central-1"

  default_tags {
    tags = merge(
      {
        "enrich:environment" = var.environment
        "enrich:pipeline"    = "online-retail"
        managed-by           = "terraform"
        stage                = "dev"
      },
      local.settings.tags
    )
  }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}
