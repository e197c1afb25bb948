"""The Timeline service: home and public timelines, and where somebody stopped reading."""
