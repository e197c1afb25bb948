"""What is shown, without a version: shapes, and how messages are put into them."""
