"""Sign-in, sign-out and sessions."""
