"""Manage Offer for members: one dialog, whatever entrance a person takes."""
