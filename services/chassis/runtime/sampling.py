"""Which requests of clients are recorded as traces: those whose id is below a limit.

The edge gives each request a random UUID. Edge and gateway compare it with the same limit, so that
they decide alike without a flag from outside, and no client can have its requests recorded.
"""


def sampled_below(ratio: float) -> str:
    """The limit below which that share of all UUIDs is, as text in hexadecimal: "0" for none."""
    if ratio >= 1.0:
        return "g"  # above all digits
    return f"{int(ratio * 2**32):08x}"
