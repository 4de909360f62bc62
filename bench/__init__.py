"""The benchmark: ours, an echo, what people use instead, and the ceiling of the ledger's table. See scripts/bench."""
