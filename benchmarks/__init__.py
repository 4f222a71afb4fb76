"""Benchmarks: each prints a ratio against a yardstick measured in the same run. They never fail by the clock."""
