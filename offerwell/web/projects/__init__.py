"""Projects: the list, the board, a stage as a list, the workflow, the offers, and members coming and going."""
