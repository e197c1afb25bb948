"""Search for posts, users and hashtags, and suggestions while one types."""
