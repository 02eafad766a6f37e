"""Decisions: plain functions of frozen values. No Django, no I/O, no clock."""
