"""DOOR: signed calls from stores. It reads the headers and the raw body, and makes one call."""
