"""The commands of this project. `scripts/NAME` runs the module NAME by bootstrap.sh."""
