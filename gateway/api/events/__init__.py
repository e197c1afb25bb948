"""The log of a person's events, as the stream and subscriptions show it."""
