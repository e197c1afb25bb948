from roost.post.v1 import post_pb2 as _post_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FanOutContinued(_message.Message):
    __slots__ = ("entry", "after_follower_id", "removal", "tags")
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    AFTER_FOLLOWER_ID_FIELD_NUMBER: _ClassVar[int]
    REMOVAL_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    entry: _post_pb2.TimelineEntry
    after_follower_id: int
    removal: bool
    tags: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, entry: _Optional[_Union[_post_pb2.TimelineEntry, _Mapping]] = ..., after_follower_id: _Optional[int] = ..., removal: _Optional[bool] = ..., tags: _Optional[_Iterable[str]] = ...) -> None: ...

class EntryDelivered(_message.Message):
    __slots__ = ("entry", "user_ids")
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    USER_IDS_FIELD_NUMBER: _ClassVar[int]
    entry: _post_pb2.TimelineEntry
    user_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, entry: _Optional[_Union[_post_pb2.TimelineEntry, _Mapping]] = ..., user_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class ReadMarkerMoved(_message.Message):
    __slots__ = ("user_id", "last_read_id")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    LAST_READ_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: int
    last_read_id: int
    def __init__(self, user_id: _Optional[int] = ..., last_read_id: _Optional[int] = ...) -> None: ...

class HashtagFollowed(_message.Message):
    __slots__ = ("user_id", "tag")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    TAG_FIELD_NUMBER: _ClassVar[int]
    user_id: int
    tag: str
    def __init__(self, user_id: _Optional[int] = ..., tag: _Optional[str] = ...) -> None: ...

class HashtagUnfollowed(_message.Message):
    __slots__ = ("user_id", "tag")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    TAG_FIELD_NUMBER: _ClassVar[int]
    user_id: int
    tag: str
    def __init__(self, user_id: _Optional[int] = ..., tag: _Optional[str] = ...) -> None: ...
