"""Between the messages of the contract and what the operations work with."""

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp


def timestamp(moment: datetime) -> Timestamp:
    """A time, as the contracts carry it."""
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp
