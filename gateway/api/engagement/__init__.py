"""Likes, reposts and bookmarks."""
