"""The log of a user's events, as the stream and subscriptions show it."""
