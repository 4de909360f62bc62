# For tflint, in this folder: tflint --recursive --config="$PWD/.tflint.hcl". Its rules for Terraform are built in.
plugin "terraform" {
  enabled = true
  preset  = "all"
}
