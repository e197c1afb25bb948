import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from roost.post.v1 import post_pb2 as _post_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PostCreated(_message.Message):
    __slots__ = ("post", "quoted_author_id")
    POST_FIELD_NUMBER: _ClassVar[int]
    QUOTED_AUTHOR_ID_FIELD_NUMBER: _ClassVar[int]
    post: _post_pb2.Post
    quoted_author_id: int
    def __init__(self, post: _Optional[_Union[_post_pb2.Post, _Mapping]] = ..., quoted_author_id: _Optional[int] = ...) -> None: ...

class PostUpdated(_message.Message):
    __slots__ = ("post", "previous_mentioned_user_ids")
    POST_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_MENTIONED_USER_IDS_FIELD_NUMBER: _ClassVar[int]
    post: _post_pb2.Post
    previous_mentioned_user_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, post: _Optional[_Union[_post_pb2.Post, _Mapping]] = ..., previous_mentioned_user_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class PostDeleted(_message.Message):
    __slots__ = ("post_id", "author_id", "reply_to_post_id", "quoted_post_id", "delete_time", "visibility")
    POST_ID_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_ID_FIELD_NUMBER: _ClassVar[int]
    REPLY_TO_POST_ID_FIELD_NUMBER: _ClassVar[int]
    QUOTED_POST_ID_FIELD_NUMBER: _ClassVar[int]
    DELETE_TIME_FIELD_NUMBER: _ClassVar[int]
    VISIBILITY_FIELD_NUMBER: _ClassVar[int]
    post_id: int
    author_id: int
    reply_to_post_id: int
    quoted_post_id: int
    delete_time: _timestamp_pb2.Timestamp
    visibility: _post_pb2.Visibility
    def __init__(self, post_id: _Optional[int] = ..., author_id: _Optional[int] = ..., reply_to_post_id: _Optional[int] = ..., quoted_post_id: _Optional[int] = ..., delete_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., visibility: _Optional[_Union[_post_pb2.Visibility, str]] = ...) -> None: ...

class PostLiked(_message.Message):
    __slots__ = ("post_id", "author_id", "user_id")
    POST_ID_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    post_id: int
    author_id: int
    user_id: int
    def __init__(self, post_id: _Optional[int] = ..., author_id: _Optional[int] = ..., user_id: _Optional[int] = ...) -> None: ...

class PostUnliked(_message.Message):
    __slots__ = ("post_id", "author_id", "user_id")
    POST_ID_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    post_id: int
    author_id: int
    user_id: int
    def __init__(self, post_id: _Optional[int] = ..., author_id: _Optional[int] = ..., user_id: _Optional[int] = ...) -> None: ...

class PostReposted(_message.Message):
    __slots__ = ("entry",)
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    entry: _post_pb2.TimelineEntry
    def __init__(self, entry: _Optional[_Union[_post_pb2.TimelineEntry, _Mapping]] = ...) -> None: ...

class RepostUndone(_message.Message):
    __slots__ = ("entry",)
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    entry: _post_pb2.TimelineEntry
    def __init__(self, entry: _Optional[_Union[_post_pb2.TimelineEntry, _Mapping]] = ...) -> None: ...
