variable "subjects" {
  description = "subjects of GitHub's tokens that may deploy"
  type        = list(string)
  default     = ["repo:acme/shop:ref:refs/heads/main", "repo:*:environment:production"]
}
