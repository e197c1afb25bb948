"""Notifications and their preferences."""
