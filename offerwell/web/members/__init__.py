"""Members: the brand's creators."""
