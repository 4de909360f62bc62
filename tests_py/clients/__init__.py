"""Tests of faculty and program: addresses, failover, cut links, and old peers."""
