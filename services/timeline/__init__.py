"""The Timeline service: home and public timelines, and read markers."""
