"""Messages: compose, send, follow; templates, how messages are signed, addresses that get none."""
