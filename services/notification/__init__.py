"""The Notification service: notifications of users, and the preferences that decide about them."""
