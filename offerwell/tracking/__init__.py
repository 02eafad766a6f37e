"""DOOR: arrivals at sales links. A small ASGI application of its own, without Django's request cycle (ADR 19).

It shares the rules with everything else, and the tables; those by its own few statements (`links.py`, `clicks.py`).
"""
