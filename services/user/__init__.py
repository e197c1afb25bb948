"""The User service: users, how they sign in, and their relationships."""
