"""What we show. One question per file, always inside a workspace."""
