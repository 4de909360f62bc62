"""The end-to-end tests, and the harness that the long runs and the benchmark use too."""
