"""Reporting › Orders: whose each order is and why, and what it earned."""
