"""The Notification service: what happened to somebody, and how they wish to hear of it."""
