"""Settings › Creator Portal: what creators are told of changes."""
