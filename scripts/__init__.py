"""The commands of the project. Those in Python are in the package `commands`."""
