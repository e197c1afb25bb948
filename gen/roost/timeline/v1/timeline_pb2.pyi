import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class HomeOrder(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HOME_ORDER_UNSPECIFIED: _ClassVar[HomeOrder]
    HOME_ORDER_LATEST: _ClassVar[HomeOrder]
    HOME_ORDER_RELEVANT: _ClassVar[HomeOrder]
HOME_ORDER_UNSPECIFIED: HomeOrder
HOME_ORDER_LATEST: HomeOrder
HOME_ORDER_RELEVANT: HomeOrder

class ReadMarker(_message.Message):
    __slots__ = ("last_read_entry_id", "update_time")
    LAST_READ_ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    last_read_entry_id: int
    update_time: _timestamp_pb2.Timestamp
    def __init__(self, last_read_entry_id: _Optional[int] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class FollowedHashtag(_message.Message):
    __slots__ = ("tag", "follow_time")
    TAG_FIELD_NUMBER: _ClassVar[int]
    FOLLOW_TIME_FIELD_NUMBER: _ClassVar[int]
    tag: str
    follow_time: _timestamp_pb2.Timestamp
    def __init__(self, tag: _Optional[str] = ..., follow_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
