"""Push subscriptions and the e-mail digest."""
