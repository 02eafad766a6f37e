"""Settings › Audit: everything that happened in the workspace, in words, with its facts."""
