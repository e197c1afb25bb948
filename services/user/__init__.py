"""The User service: who people are, how they sign in, and what stands between them."""
