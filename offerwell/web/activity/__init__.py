"""Activity: bulk changes with what became of every item."""
