"""The analyzer: what a text is found by. Engines get its results and analyse nothing themselves."""
