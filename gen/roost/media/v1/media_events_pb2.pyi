import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from roost.media.v1 import media_pb2 as _media_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MediumProcessed(_message.Message):
    __slots__ = ("medium",)
    MEDIUM_FIELD_NUMBER: _ClassVar[int]
    medium: _media_pb2.Medium
    def __init__(self, medium: _Optional[_Union[_media_pb2.Medium, _Mapping]] = ...) -> None: ...

class MediumUpdated(_message.Message):
    __slots__ = ("medium", "changed_fields")
    MEDIUM_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELDS_FIELD_NUMBER: _ClassVar[int]
    medium: _media_pb2.Medium
    changed_fields: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, medium: _Optional[_Union[_media_pb2.Medium, _Mapping]] = ..., changed_fields: _Optional[_Iterable[str]] = ...) -> None: ...

class MediumDeleted(_message.Message):
    __slots__ = ("medium_id", "owner_id", "use", "post_id", "delete_time")
    MEDIUM_ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    USE_FIELD_NUMBER: _ClassVar[int]
    POST_ID_FIELD_NUMBER: _ClassVar[int]
    DELETE_TIME_FIELD_NUMBER: _ClassVar[int]
    medium_id: int
    owner_id: int
    use: _media_pb2.MediumUse
    post_id: int
    delete_time: _timestamp_pb2.Timestamp
    def __init__(self, medium_id: _Optional[int] = ..., owner_id: _Optional[int] = ..., use: _Optional[_Union[_media_pb2.MediumUse, str]] = ..., post_id: _Optional[int] = ..., delete_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
