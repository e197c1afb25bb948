"""Hashtags: their use, their posts, who follows them, and trends."""
