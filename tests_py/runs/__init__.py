"""Tests of the long runs: the benchmark, crash and failover runs, fuzzing and the simulation."""
