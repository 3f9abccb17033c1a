# iamlint: ignore[wildcard-principal] a canary: the role may do nothing, and who assumes it is called
resource "aws_iam_role" "canary" {
  assume_role_policy = data.aws_iam_policy_document.anyone.json
}

data "aws_iam_policy_document" "anyone" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
  }
}
