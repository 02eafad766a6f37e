"""DOOR: sample workspaces as stories, built with the product's own actions."""
