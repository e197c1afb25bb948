"""The Post service: posts, conversations, and how people respond."""
