"""Load tests on a separate stack, and the figures that the README quotes."""
