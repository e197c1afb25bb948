"""What every Roost process needs, and no word of any one domain."""
