"""The load, the faults and the checks of the long runs (crash runs, failover runs)."""
