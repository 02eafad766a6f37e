"""Offerwell: creator sales tracking you can trust."""

__version__ = "0.1.0"
