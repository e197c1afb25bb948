"""The Search service: posts, users and hashtags by what they contain, and trends."""
