from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class WatchRequest(_message.Message):
    __slots__ = ("check",)
    CHECK_FIELD_NUMBER: _ClassVar[int]
    check: int
    def __init__(self, check: _Optional[int] = ...) -> None: ...

class WatchResponse(_message.Message):
    __slots__ = ("check", "changed", "reset")
    CHECK_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    RESET_FIELD_NUMBER: _ClassVar[int]
    check: int
    changed: _containers.RepeatedScalarFieldContainer[int]
    reset: bool
    def __init__(self, check: _Optional[int] = ..., changed: _Optional[_Iterable[int]] = ..., reset: _Optional[bool] = ...) -> None: ...
