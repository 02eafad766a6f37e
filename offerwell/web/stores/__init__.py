"""Settings: the connected stores."""
