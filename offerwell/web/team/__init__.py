"""Settings › Team: who works for the brand, invitations, roles; and one login in several workspaces."""
