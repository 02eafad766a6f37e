"""A simulator that drives the product's own sync core in virtual time: `python -m tests.simulation --seed 1`."""
