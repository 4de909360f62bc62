"""The commands of the project that are written in Python. `scripts/NAME` runs the module NAME by bootstrap.sh."""
