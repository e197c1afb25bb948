from roost.media.v1 import media_pb2 as _media_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MediumProcessed(_message.Message):
    __slots__ = ("medium",)
    MEDIUM_FIELD_NUMBER: _ClassVar[int]
    medium: _media_pb2.Medium
    def __init__(self, medium: _Optional[_Union[_media_pb2.Medium, _Mapping]] = ...) -> None: ...

class MediumDeleted(_message.Message):
    __slots__ = ("medium_id", "owner_id")
    MEDIUM_ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    medium_id: int
    owner_id: int
    def __init__(self, medium_id: _Optional[int] = ..., owner_id: _Optional[int] = ...) -> None: ...
