import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from roost.post.v1 import post_pb2 as _post_pb2
from roost.rules.v1 import rules_pb2 as _rules_pb2
from roost.search.v1 import search_pb2 as _search_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SearchPostsRequest(_message.Message):
    __slots__ = ("query", "page_size", "page_token", "order")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    query: str
    page_size: int
    page_token: str
    order: _search_pb2.PostOrder
    def __init__(self, query: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., order: _Optional[_Union[_search_pb2.PostOrder, str]] = ...) -> None: ...

class SearchPostsResponse(_message.Message):
    __slots__ = ("post_ids", "next_page_token", "matches", "next_post_id")
    POST_IDS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MATCHES_FIELD_NUMBER: _ClassVar[int]
    NEXT_POST_ID_FIELD_NUMBER: _ClassVar[int]
    post_ids: _containers.RepeatedScalarFieldContainer[int]
    next_page_token: str
    matches: _containers.RepeatedCompositeFieldContainer[_search_pb2.PostMatch]
    next_post_id: int
    def __init__(self, post_ids: _Optional[_Iterable[int]] = ..., next_page_token: _Optional[str] = ..., matches: _Optional[_Iterable[_Union[_search_pb2.PostMatch, _Mapping]]] = ..., next_post_id: _Optional[int] = ...) -> None: ...

class SearchUsersRequest(_message.Message):
    __slots__ = ("query", "page_size", "page_token")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    query: str
    page_size: int
    page_token: str
    def __init__(self, query: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class SearchUsersResponse(_message.Message):
    __slots__ = ("user_ids", "next_page_token", "matches", "next_user_id")
    USER_IDS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MATCHES_FIELD_NUMBER: _ClassVar[int]
    NEXT_USER_ID_FIELD_NUMBER: _ClassVar[int]
    user_ids: _containers.RepeatedScalarFieldContainer[int]
    next_page_token: str
    matches: _containers.RepeatedCompositeFieldContainer[_search_pb2.UserMatch]
    next_user_id: int
    def __init__(self, user_ids: _Optional[_Iterable[int]] = ..., next_page_token: _Optional[str] = ..., matches: _Optional[_Iterable[_Union[_search_pb2.UserMatch, _Mapping]]] = ..., next_user_id: _Optional[int] = ...) -> None: ...

class SearchHashtagsRequest(_message.Message):
    __slots__ = ("query", "page_size", "page_token")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    query: str
    page_size: int
    page_token: str
    def __init__(self, query: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class SearchHashtagsResponse(_message.Message):
    __slots__ = ("hashtags", "next_page_token")
    HASHTAGS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    hashtags: _containers.RepeatedCompositeFieldContainer[_search_pb2.HashtagUse]
    next_page_token: str
    def __init__(self, hashtags: _Optional[_Iterable[_Union[_search_pb2.HashtagUse, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListTrendsRequest(_message.Message):
    __slots__ = ("language",)
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    language: str
    def __init__(self, language: _Optional[str] = ...) -> None: ...

class ListTrendsResponse(_message.Message):
    __slots__ = ("trends", "as_of_time", "measures")
    TRENDS_FIELD_NUMBER: _ClassVar[int]
    AS_OF_TIME_FIELD_NUMBER: _ClassVar[int]
    MEASURES_FIELD_NUMBER: _ClassVar[int]
    trends: _containers.RepeatedCompositeFieldContainer[_search_pb2.HashtagUse]
    as_of_time: _timestamp_pb2.Timestamp
    measures: _containers.RepeatedCompositeFieldContainer[_search_pb2.TrendMeasure]
    def __init__(self, trends: _Optional[_Iterable[_Union[_search_pb2.HashtagUse, _Mapping]]] = ..., as_of_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., measures: _Optional[_Iterable[_Union[_search_pb2.TrendMeasure, _Mapping]]] = ...) -> None: ...

class TypeaheadRequest(_message.Message):
    __slots__ = ("query", "page_size")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    query: str
    page_size: int
    def __init__(self, query: _Optional[str] = ..., page_size: _Optional[int] = ...) -> None: ...

class TypeaheadResponse(_message.Message):
    __slots__ = ("suggestions",)
    SUGGESTIONS_FIELD_NUMBER: _ClassVar[int]
    suggestions: _containers.RepeatedCompositeFieldContainer[_search_pb2.Suggestion]
    def __init__(self, suggestions: _Optional[_Iterable[_Union[_search_pb2.Suggestion, _Mapping]]] = ...) -> None: ...

class GetHashtagRequest(_message.Message):
    __slots__ = ("tag",)
    TAG_FIELD_NUMBER: _ClassVar[int]
    tag: str
    def __init__(self, tag: _Optional[str] = ...) -> None: ...

class GetHashtagResponse(_message.Message):
    __slots__ = ("hashtag",)
    HASHTAG_FIELD_NUMBER: _ClassVar[int]
    hashtag: _search_pb2.HashtagUse
    def __init__(self, hashtag: _Optional[_Union[_search_pb2.HashtagUse, _Mapping]] = ...) -> None: ...

class ListHashtagPostsRequest(_message.Message):
    __slots__ = ("tag", "only_media", "page_size", "page_token")
    TAG_FIELD_NUMBER: _ClassVar[int]
    ONLY_MEDIA_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    tag: str
    only_media: bool
    page_size: int
    page_token: str
    def __init__(self, tag: _Optional[str] = ..., only_media: _Optional[bool] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListHashtagPostsResponse(_message.Message):
    __slots__ = ("post_ids", "next_page_token", "next_post_id")
    POST_IDS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    NEXT_POST_ID_FIELD_NUMBER: _ClassVar[int]
    post_ids: _containers.RepeatedScalarFieldContainer[int]
    next_page_token: str
    next_post_id: int
    def __init__(self, post_ids: _Optional[_Iterable[int]] = ..., next_page_token: _Optional[str] = ..., next_post_id: _Optional[int] = ...) -> None: ...

class ListHashtagEntriesRequest(_message.Message):
    __slots__ = ("tags", "before_post_id", "page_size")
    TAGS_FIELD_NUMBER: _ClassVar[int]
    BEFORE_POST_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    tags: _containers.RepeatedScalarFieldContainer[str]
    before_post_id: int
    page_size: int
    def __init__(self, tags: _Optional[_Iterable[str]] = ..., before_post_id: _Optional[int] = ..., page_size: _Optional[int] = ...) -> None: ...

class ListHashtagEntriesResponse(_message.Message):
    __slots__ = ("entries",)
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[_post_pb2.TimelineEntry]
    def __init__(self, entries: _Optional[_Iterable[_Union[_post_pb2.TimelineEntry, _Mapping]]] = ...) -> None: ...
