"""Measurements: a limit and ours, side by side in one run. `make bench` prints the ratios."""
