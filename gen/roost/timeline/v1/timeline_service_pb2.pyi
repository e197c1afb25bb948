from buf.validate import validate_pb2 as _validate_pb2
from roost.post.v1 import post_pb2 as _post_pb2
from roost.rules.v1 import rules_pb2 as _rules_pb2
from roost.timeline.v1 import timeline_pb2 as _timeline_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetHomeTimelineRequest(_message.Message):
    __slots__ = ("order", "page_size", "page_token", "include_dependencies")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_DEPENDENCIES_FIELD_NUMBER: _ClassVar[int]
    order: _timeline_pb2.HomeOrder
    page_size: int
    page_token: str
    include_dependencies: bool
    def __init__(self, order: _Optional[_Union[_timeline_pb2.HomeOrder, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., include_dependencies: _Optional[bool] = ...) -> None: ...

class GetHomeTimelineResponse(_message.Message):
    __slots__ = ("entries", "next_page_token", "next_entry", "dependencies")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    NEXT_ENTRY_FIELD_NUMBER: _ClassVar[int]
    DEPENDENCIES_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[_post_pb2.TimelineEntry]
    next_page_token: str
    next_entry: _post_pb2.TimelineEntry
    dependencies: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, entries: _Optional[_Iterable[_Union[_post_pb2.TimelineEntry, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., next_entry: _Optional[_Union[_post_pb2.TimelineEntry, _Mapping]] = ..., dependencies: _Optional[_Iterable[int]] = ...) -> None: ...

class GetPublicTimelineRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class GetPublicTimelineResponse(_message.Message):
    __slots__ = ("entries", "next_page_token", "next_entry")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    NEXT_ENTRY_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[_post_pb2.TimelineEntry]
    next_page_token: str
    next_entry: _post_pb2.TimelineEntry
    def __init__(self, entries: _Optional[_Iterable[_Union[_post_pb2.TimelineEntry, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., next_entry: _Optional[_Union[_post_pb2.TimelineEntry, _Mapping]] = ...) -> None: ...

class GetReadMarkerRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetReadMarkerResponse(_message.Message):
    __slots__ = ("marker",)
    MARKER_FIELD_NUMBER: _ClassVar[int]
    marker: _timeline_pb2.ReadMarker
    def __init__(self, marker: _Optional[_Union[_timeline_pb2.ReadMarker, _Mapping]] = ...) -> None: ...

class SetReadMarkerRequest(_message.Message):
    __slots__ = ("last_read_entry_id", "request_id")
    LAST_READ_ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    last_read_entry_id: int
    request_id: str
    def __init__(self, last_read_entry_id: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class SetReadMarkerResponse(_message.Message):
    __slots__ = ("marker",)
    MARKER_FIELD_NUMBER: _ClassVar[int]
    marker: _timeline_pb2.ReadMarker
    def __init__(self, marker: _Optional[_Union[_timeline_pb2.ReadMarker, _Mapping]] = ...) -> None: ...

class RebuildHomeTimelineRequest(_message.Message):
    __slots__ = ("user_id",)
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: int
    def __init__(self, user_id: _Optional[int] = ...) -> None: ...

class RebuildHomeTimelineResponse(_message.Message):
    __slots__ = ("entry_count",)
    ENTRY_COUNT_FIELD_NUMBER: _ClassVar[int]
    entry_count: int
    def __init__(self, entry_count: _Optional[int] = ...) -> None: ...

class FollowHashtagRequest(_message.Message):
    __slots__ = ("tag", "request_id")
    TAG_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    tag: str
    request_id: str
    def __init__(self, tag: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class FollowHashtagResponse(_message.Message):
    __slots__ = ("hashtag",)
    HASHTAG_FIELD_NUMBER: _ClassVar[int]
    hashtag: _timeline_pb2.FollowedHashtag
    def __init__(self, hashtag: _Optional[_Union[_timeline_pb2.FollowedHashtag, _Mapping]] = ...) -> None: ...

class UnfollowHashtagRequest(_message.Message):
    __slots__ = ("tag", "request_id")
    TAG_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    tag: str
    request_id: str
    def __init__(self, tag: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class UnfollowHashtagResponse(_message.Message):
    __slots__ = ("tag",)
    TAG_FIELD_NUMBER: _ClassVar[int]
    tag: str
    def __init__(self, tag: _Optional[str] = ...) -> None: ...

class ListFollowedHashtagsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListFollowedHashtagsResponse(_message.Message):
    __slots__ = ("hashtags", "next_page_token")
    HASHTAGS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    hashtags: _containers.RepeatedCompositeFieldContainer[_timeline_pb2.FollowedHashtag]
    next_page_token: str
    def __init__(self, hashtags: _Optional[_Iterable[_Union[_timeline_pb2.FollowedHashtag, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class BatchGetFollowedHashtagsRequest(_message.Message):
    __slots__ = ("tags",)
    TAGS_FIELD_NUMBER: _ClassVar[int]
    tags: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, tags: _Optional[_Iterable[str]] = ...) -> None: ...

class BatchGetFollowedHashtagsResponse(_message.Message):
    __slots__ = ("tags",)
    TAGS_FIELD_NUMBER: _ClassVar[int]
    tags: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, tags: _Optional[_Iterable[str]] = ...) -> None: ...
