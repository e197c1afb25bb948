"""Notifications outside the app: pushed to devices, and mailed."""
