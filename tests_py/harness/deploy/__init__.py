"""Readers of deploy, and rules for what they read."""
