"""Load on a stack of its own, and the figures that the README quotes."""
