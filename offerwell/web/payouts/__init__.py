"""Reporting › Payouts: statements for a period, approval, files for payment providers, payments."""
