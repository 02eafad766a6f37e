"""The brand's door: a folder per screen, with its view, form and templates together."""
