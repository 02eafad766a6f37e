"""DOOR: creators. Their own offers, codes and links, over all brands they work with; nothing of anybody else."""
