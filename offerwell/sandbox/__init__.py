"""The sandbox store: a Shopify Admin look-alike over HTTP for demos, rehearsals and tests.

It runs on Shopify's official schema, keeps discounts with the behaviour recorded on real stores, charges the real
query cost and breaks on request. It imports nothing else of Offerwell and shares no code with the connector.
"""

from offerwell.sandbox.server import serve

__all__ = ["serve"]
