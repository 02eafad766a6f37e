"""Create and edit offers, add members, generate codes and links."""
