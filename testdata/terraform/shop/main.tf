data "aws_caller_identity" "current" {}

# Who may deploy is written in documents.tf.
resource "aws_iam_role" "deploy" {
  name               = "deploy"
  assume_role_policy = data.aws_iam_policy_document.deploy.json
}

# The vendor's account comes with the call.
module "backup" {
  source  = "./modules/role"
  name    = "backup"
  trusted = ["arn:aws:iam::464622532012:root"]
}

resource "aws_iam_role" "batch" {
  name                 = "batch"
  max_session_duration = 3600
  assume_role_policy   = <<-EOF
    {
      "Version": "2012-10-17",
      "Statement": [{
        "Effect": "Allow",
        "Principal": {"Service": "batch.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": "${data.aws_caller_identity.current.account_id}"}}
      }]
    }
  EOF
}
