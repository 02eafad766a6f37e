"""Reporting › Leak radar."""
