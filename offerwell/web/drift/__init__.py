"""Reporting › Drift: codes that differ in a store, and what to do about them."""
