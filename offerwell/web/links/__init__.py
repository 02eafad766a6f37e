"""Settings › Sales links."""
