"""Sales Tracking: the offers of the workspace, and one offer with its members."""
