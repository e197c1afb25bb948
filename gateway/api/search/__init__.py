"""Search for posts and users, and suggestions while one types."""
