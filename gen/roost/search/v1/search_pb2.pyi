import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PostOrder(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    POST_ORDER_UNSPECIFIED: _ClassVar[PostOrder]
    POST_ORDER_TOP: _ClassVar[PostOrder]
    POST_ORDER_LATEST: _ClassVar[PostOrder]

class UserField(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    USER_FIELD_UNSPECIFIED: _ClassVar[UserField]
    USER_FIELD_HANDLE: _ClassVar[UserField]
    USER_FIELD_DISPLAY_NAME: _ClassVar[UserField]
    USER_FIELD_BIO: _ClassVar[UserField]

class ReindexState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REINDEX_STATE_UNSPECIFIED: _ClassVar[ReindexState]
    REINDEX_STATE_COPYING: _ClassVar[ReindexState]
    REINDEX_STATE_VERIFYING: _ClassVar[ReindexState]
    REINDEX_STATE_DONE: _ClassVar[ReindexState]
    REINDEX_STATE_CANCELLED: _ClassVar[ReindexState]
    REINDEX_STATE_FAILED: _ClassVar[ReindexState]
POST_ORDER_UNSPECIFIED: PostOrder
POST_ORDER_TOP: PostOrder
POST_ORDER_LATEST: PostOrder
USER_FIELD_UNSPECIFIED: UserField
USER_FIELD_HANDLE: UserField
USER_FIELD_DISPLAY_NAME: UserField
USER_FIELD_BIO: UserField
REINDEX_STATE_UNSPECIFIED: ReindexState
REINDEX_STATE_COPYING: ReindexState
REINDEX_STATE_VERIFYING: ReindexState
REINDEX_STATE_DONE: ReindexState
REINDEX_STATE_CANCELLED: ReindexState
REINDEX_STATE_FAILED: ReindexState

class PostMatch(_message.Message):
    __slots__ = ("revision", "ranges")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    RANGES_FIELD_NUMBER: _ClassVar[int]
    revision: int
    ranges: _containers.RepeatedCompositeFieldContainer[MatchedRange]
    def __init__(self, revision: _Optional[int] = ..., ranges: _Optional[_Iterable[_Union[MatchedRange, _Mapping]]] = ...) -> None: ...

class MatchedRange(_message.Message):
    __slots__ = ("start", "end", "media_id")
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    MEDIA_ID_FIELD_NUMBER: _ClassVar[int]
    start: int
    end: int
    media_id: int
    def __init__(self, start: _Optional[int] = ..., end: _Optional[int] = ..., media_id: _Optional[int] = ...) -> None: ...

class UserMatch(_message.Message):
    __slots__ = ("field",)
    FIELD_FIELD_NUMBER: _ClassVar[int]
    field: UserField
    def __init__(self, field: _Optional[_Union[UserField, str]] = ...) -> None: ...

class HashtagUse(_message.Message):
    __slots__ = ("tag", "posts_count", "authors_count", "history")
    TAG_FIELD_NUMBER: _ClassVar[int]
    POSTS_COUNT_FIELD_NUMBER: _ClassVar[int]
    AUTHORS_COUNT_FIELD_NUMBER: _ClassVar[int]
    HISTORY_FIELD_NUMBER: _ClassVar[int]
    tag: str
    posts_count: int
    authors_count: int
    history: _containers.RepeatedCompositeFieldContainer[HashtagHour]
    def __init__(self, tag: _Optional[str] = ..., posts_count: _Optional[int] = ..., authors_count: _Optional[int] = ..., history: _Optional[_Iterable[_Union[HashtagHour, _Mapping]]] = ...) -> None: ...

class HashtagHour(_message.Message):
    __slots__ = ("start_time", "posts_count", "authors_count")
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    POSTS_COUNT_FIELD_NUMBER: _ClassVar[int]
    AUTHORS_COUNT_FIELD_NUMBER: _ClassVar[int]
    start_time: _timestamp_pb2.Timestamp
    posts_count: int
    authors_count: int
    def __init__(self, start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., posts_count: _Optional[int] = ..., authors_count: _Optional[int] = ...) -> None: ...

class TrendMeasure(_message.Message):
    __slots__ = ("score", "observed", "baseline")
    SCORE_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_FIELD_NUMBER: _ClassVar[int]
    BASELINE_FIELD_NUMBER: _ClassVar[int]
    score: float
    observed: int
    baseline: float
    def __init__(self, score: _Optional[float] = ..., observed: _Optional[int] = ..., baseline: _Optional[float] = ...) -> None: ...

class Suggestion(_message.Message):
    __slots__ = ("user_id", "hashtag")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    HASHTAG_FIELD_NUMBER: _ClassVar[int]
    user_id: int
    hashtag: HashtagUse
    def __init__(self, user_id: _Optional[int] = ..., hashtag: _Optional[_Union[HashtagUse, _Mapping]] = ...) -> None: ...

class Reindex(_message.Message):
    __slots__ = ("id", "state", "posts_scanned", "posts_total", "segments_equal", "segments_repaired", "start_time", "end_time", "failure")
    ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    POSTS_SCANNED_FIELD_NUMBER: _ClassVar[int]
    POSTS_TOTAL_FIELD_NUMBER: _ClassVar[int]
    SEGMENTS_EQUAL_FIELD_NUMBER: _ClassVar[int]
    SEGMENTS_REPAIRED_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    id: int
    state: ReindexState
    posts_scanned: int
    posts_total: int
    segments_equal: int
    segments_repaired: int
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    failure: str
    def __init__(self, id: _Optional[int] = ..., state: _Optional[_Union[ReindexState, str]] = ..., posts_scanned: _Optional[int] = ..., posts_total: _Optional[int] = ..., segments_equal: _Optional[int] = ..., segments_repaired: _Optional[int] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., failure: _Optional[str] = ...) -> None: ...
