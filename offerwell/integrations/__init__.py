"""Other people's APIs, in their words. Nothing here imports our tables."""
