from buf.validate import validate_pb2 as _validate_pb2
from roost.post.v1 import post_pb2 as _post_pb2
from roost.rules.v1 import rules_pb2 as _rules_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CreatePostRequest(_message.Message):
    __slots__ = ("text", "visibility", "reply_to_post_id", "quoted_post_id", "media_ids", "request_id", "language")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    VISIBILITY_FIELD_NUMBER: _ClassVar[int]
    REPLY_TO_POST_ID_FIELD_NUMBER: _ClassVar[int]
    QUOTED_POST_ID_FIELD_NUMBER: _ClassVar[int]
    MEDIA_IDS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    text: str
    visibility: _post_pb2.Visibility
    reply_to_post_id: int
    quoted_post_id: int
    media_ids: _containers.RepeatedScalarFieldContainer[int]
    request_id: str
    language: str
    def __init__(self, text: _Optional[str] = ..., visibility: _Optional[_Union[_post_pb2.Visibility, str]] = ..., reply_to_post_id: _Optional[int] = ..., quoted_post_id: _Optional[int] = ..., media_ids: _Optional[_Iterable[int]] = ..., request_id: _Optional[str] = ..., language: _Optional[str] = ...) -> None: ...

class CreatePostResponse(_message.Message):
    __slots__ = ("post", "includes")
    POST_FIELD_NUMBER: _ClassVar[int]
    INCLUDES_FIELD_NUMBER: _ClassVar[int]
    post: _post_pb2.Post
    includes: _post_pb2.Includes
    def __init__(self, post: _Optional[_Union[_post_pb2.Post, _Mapping]] = ..., includes: _Optional[_Union[_post_pb2.Includes, _Mapping]] = ...) -> None: ...

class GetPostRequest(_message.Message):
    __slots__ = ("post_id",)
    POST_ID_FIELD_NUMBER: _ClassVar[int]
    post_id: int
    def __init__(self, post_id: _Optional[int] = ...) -> None: ...

class GetPostResponse(_message.Message):
    __slots__ = ("post", "includes")
    POST_FIELD_NUMBER: _ClassVar[int]
    INCLUDES_FIELD_NUMBER: _ClassVar[int]
    post: _post_pb2.Post
    includes: _post_pb2.Includes
    def __init__(self, post: _Optional[_Union[_post_pb2.Post, _Mapping]] = ..., includes: _Optional[_Union[_post_pb2.Includes, _Mapping]] = ...) -> None: ...

class BatchGetPostsRequest(_message.Message):
    __slots__ = ("post_ids", "include_user_ids", "include_tombstones", "include_dependencies")
    POST_IDS_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_USER_IDS_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_TOMBSTONES_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_DEPENDENCIES_FIELD_NUMBER: _ClassVar[int]
    post_ids: _containers.RepeatedScalarFieldContainer[int]
    include_user_ids: _containers.RepeatedScalarFieldContainer[int]
    include_tombstones: bool
    include_dependencies: bool
    def __init__(self, post_ids: _Optional[_Iterable[int]] = ..., include_user_ids: _Optional[_Iterable[int]] = ..., include_tombstones: _Optional[bool] = ..., include_dependencies: _Optional[bool] = ...) -> None: ...

class Dependencies(_message.Message):
    __slots__ = ("ids",)
    IDS_FIELD_NUMBER: _ClassVar[int]
    ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, ids: _Optional[_Iterable[int]] = ...) -> None: ...

class BatchGetPostsResponse(_message.Message):
    __slots__ = ("posts", "includes", "post_dependencies", "user_dependencies")
    POSTS_FIELD_NUMBER: _ClassVar[int]
    INCLUDES_FIELD_NUMBER: _ClassVar[int]
    POST_DEPENDENCIES_FIELD_NUMBER: _ClassVar[int]
    USER_DEPENDENCIES_FIELD_NUMBER: _ClassVar[int]
    posts: _containers.RepeatedCompositeFieldContainer[_post_pb2.Post]
    includes: _post_pb2.Includes
    post_dependencies: _containers.RepeatedCompositeFieldContainer[Dependencies]
    user_dependencies: _containers.RepeatedCompositeFieldContainer[Dependencies]
    def __init__(self, posts: _Optional[_Iterable[_Union[_post_pb2.Post, _Mapping]]] = ..., includes: _Optional[_Union[_post_pb2.Includes, _Mapping]] = ..., post_dependencies: _Optional[_Iterable[_Union[Dependencies, _Mapping]]] = ..., user_dependencies: _Optional[_Iterable[_Union[Dependencies, _Mapping]]] = ...) -> None: ...

class UpdatePostRequest(_message.Message):
    __slots__ = ("post_id", "text", "etag", "request_id", "media", "language")
    POST_ID_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    MEDIA_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    post_id: int
    text: str
    etag: str
    request_id: str
    media: MediaList
    language: str
    def __init__(self, post_id: _Optional[int] = ..., text: _Optional[str] = ..., etag: _Optional[str] = ..., request_id: _Optional[str] = ..., media: _Optional[_Union[MediaList, _Mapping]] = ..., language: _Optional[str] = ...) -> None: ...

class MediaList(_message.Message):
    __slots__ = ("media_ids",)
    MEDIA_IDS_FIELD_NUMBER: _ClassVar[int]
    media_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, media_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class UpdatePostResponse(_message.Message):
    __slots__ = ("post", "includes")
    POST_FIELD_NUMBER: _ClassVar[int]
    INCLUDES_FIELD_NUMBER: _ClassVar[int]
    post: _post_pb2.Post
    includes: _post_pb2.Includes
    def __init__(self, post: _Optional[_Union[_post_pb2.Post, _Mapping]] = ..., includes: _Optional[_Union[_post_pb2.Includes, _Mapping]] = ...) -> None: ...

class ListPostRevisionsRequest(_message.Message):
    __slots__ = ("post_id", "page_size", "page_token")
    POST_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    post_id: int
    page_size: int
    page_token: str
    def __init__(self, post_id: _Optional[int] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListPostRevisionsResponse(_message.Message):
    __slots__ = ("revisions", "next_page_token")
    REVISIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    revisions: _containers.RepeatedCompositeFieldContainer[_post_pb2.PostRevision]
    next_page_token: str
    def __init__(self, revisions: _Optional[_Iterable[_Union[_post_pb2.PostRevision, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class DeletePostRequest(_message.Message):
    __slots__ = ("post_id", "request_id")
    POST_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    post_id: int
    request_id: str
    def __init__(self, post_id: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class DeletePostResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListUserPostsRequest(_message.Message):
    __slots__ = ("user_id", "include_replies", "page_size", "page_token", "only_media")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_REPLIES_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ONLY_MEDIA_FIELD_NUMBER: _ClassVar[int]
    user_id: int
    include_replies: bool
    page_size: int
    page_token: str
    only_media: bool
    def __init__(self, user_id: _Optional[int] = ..., include_replies: _Optional[bool] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., only_media: _Optional[bool] = ...) -> None: ...

class ListUserPostsResponse(_message.Message):
    __slots__ = ("entries", "posts", "includes", "next_page_token")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    POSTS_FIELD_NUMBER: _ClassVar[int]
    INCLUDES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[_post_pb2.TimelineEntry]
    posts: _containers.RepeatedCompositeFieldContainer[_post_pb2.Post]
    includes: _post_pb2.Includes
    next_page_token: str
    def __init__(self, entries: _Optional[_Iterable[_Union[_post_pb2.TimelineEntry, _Mapping]]] = ..., posts: _Optional[_Iterable[_Union[_post_pb2.Post, _Mapping]]] = ..., includes: _Optional[_Union[_post_pb2.Includes, _Mapping]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetThreadRequest(_message.Message):
    __slots__ = ("post_id", "page_size", "page_token")
    POST_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    post_id: int
    page_size: int
    page_token: str
    def __init__(self, post_id: _Optional[int] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class GetThreadResponse(_message.Message):
    __slots__ = ("ancestors", "post", "replies", "includes", "next_page_token")
    ANCESTORS_FIELD_NUMBER: _ClassVar[int]
    POST_FIELD_NUMBER: _ClassVar[int]
    REPLIES_FIELD_NUMBER: _ClassVar[int]
    INCLUDES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ancestors: _containers.RepeatedCompositeFieldContainer[_post_pb2.Post]
    post: _post_pb2.Post
    replies: _containers.RepeatedCompositeFieldContainer[_post_pb2.Post]
    includes: _post_pb2.Includes
    next_page_token: str
    def __init__(self, ancestors: _Optional[_Iterable[_Union[_post_pb2.Post, _Mapping]]] = ..., post: _Optional[_Union[_post_pb2.Post, _Mapping]] = ..., replies: _Optional[_Iterable[_Union[_post_pb2.Post, _Mapping]]] = ..., includes: _Optional[_Union[_post_pb2.Includes, _Mapping]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListRepliesRequest(_message.Message):
    __slots__ = ("post_id", "page_size", "page_token")
    POST_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    post_id: int
    page_size: int
    page_token: str
    def __init__(self, post_id: _Optional[int] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListRepliesResponse(_message.Message):
    __slots__ = ("posts", "includes", "next_page_token")
    POSTS_FIELD_NUMBER: _ClassVar[int]
    INCLUDES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    posts: _containers.RepeatedCompositeFieldContainer[_post_pb2.Post]
    includes: _post_pb2.Includes
    next_page_token: str
    def __init__(self, posts: _Optional[_Iterable[_Union[_post_pb2.Post, _Mapping]]] = ..., includes: _Optional[_Union[_post_pb2.Includes, _Mapping]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListQuotesRequest(_message.Message):
    __slots__ = ("post_id", "page_size", "page_token")
    POST_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    post_id: int
    page_size: int
    page_token: str
    def __init__(self, post_id: _Optional[int] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListQuotesResponse(_message.Message):
    __slots__ = ("posts", "includes", "next_page_token")
    POSTS_FIELD_NUMBER: _ClassVar[int]
    INCLUDES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    posts: _containers.RepeatedCompositeFieldContainer[_post_pb2.Post]
    includes: _post_pb2.Includes
    next_page_token: str
    def __init__(self, posts: _Optional[_Iterable[_Union[_post_pb2.Post, _Mapping]]] = ..., includes: _Optional[_Union[_post_pb2.Includes, _Mapping]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListPostIdsByAuthorsRequest(_message.Message):
    __slots__ = ("author_ids", "before_entry_id", "page_size")
    AUTHOR_IDS_FIELD_NUMBER: _ClassVar[int]
    BEFORE_ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    author_ids: _containers.RepeatedScalarFieldContainer[int]
    before_entry_id: int
    page_size: int
    def __init__(self, author_ids: _Optional[_Iterable[int]] = ..., before_entry_id: _Optional[int] = ..., page_size: _Optional[int] = ...) -> None: ...

class ListPostIdsByAuthorsResponse(_message.Message):
    __slots__ = ("entries",)
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[_post_pb2.TimelineEntry]
    def __init__(self, entries: _Optional[_Iterable[_Union[_post_pb2.TimelineEntry, _Mapping]]] = ...) -> None: ...

class BatchCountPostsRequest(_message.Message):
    __slots__ = ("author_ids",)
    AUTHOR_IDS_FIELD_NUMBER: _ClassVar[int]
    author_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, author_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class FilterVisibleRequest(_message.Message):
    __slots__ = ("viewer_id", "post_ids", "user_ids")
    VIEWER_ID_FIELD_NUMBER: _ClassVar[int]
    POST_IDS_FIELD_NUMBER: _ClassVar[int]
    USER_IDS_FIELD_NUMBER: _ClassVar[int]
    viewer_id: int
    post_ids: _containers.RepeatedScalarFieldContainer[int]
    user_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, viewer_id: _Optional[int] = ..., post_ids: _Optional[_Iterable[int]] = ..., user_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class FilterVisibleResponse(_message.Message):
    __slots__ = ("post_ids", "user_ids", "muted_user_ids")
    POST_IDS_FIELD_NUMBER: _ClassVar[int]
    USER_IDS_FIELD_NUMBER: _ClassVar[int]
    MUTED_USER_IDS_FIELD_NUMBER: _ClassVar[int]
    post_ids: _containers.RepeatedScalarFieldContainer[int]
    user_ids: _containers.RepeatedScalarFieldContainer[int]
    muted_user_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, post_ids: _Optional[_Iterable[int]] = ..., user_ids: _Optional[_Iterable[int]] = ..., muted_user_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class BatchGetPostMediaRequest(_message.Message):
    __slots__ = ("post_ids",)
    POST_IDS_FIELD_NUMBER: _ClassVar[int]
    post_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, post_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class BatchGetPostMediaResponse(_message.Message):
    __slots__ = ("posts",)
    POSTS_FIELD_NUMBER: _ClassVar[int]
    posts: _containers.RepeatedCompositeFieldContainer[PostMedia]
    def __init__(self, posts: _Optional[_Iterable[_Union[PostMedia, _Mapping]]] = ...) -> None: ...

class PostMedia(_message.Message):
    __slots__ = ("post_id", "media_ids")
    POST_ID_FIELD_NUMBER: _ClassVar[int]
    MEDIA_IDS_FIELD_NUMBER: _ClassVar[int]
    post_id: int
    media_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, post_id: _Optional[int] = ..., media_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class ScanPostsRequest(_message.Message):
    __slots__ = ("after_id", "until_id", "page_size")
    AFTER_ID_FIELD_NUMBER: _ClassVar[int]
    UNTIL_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    after_id: int
    until_id: int
    page_size: int
    def __init__(self, after_id: _Optional[int] = ..., until_id: _Optional[int] = ..., page_size: _Optional[int] = ...) -> None: ...

class ScanPostsResponse(_message.Message):
    __slots__ = ("posts", "has_more", "total_estimate")
    POSTS_FIELD_NUMBER: _ClassVar[int]
    HAS_MORE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_ESTIMATE_FIELD_NUMBER: _ClassVar[int]
    posts: _containers.RepeatedCompositeFieldContainer[_post_pb2.Post]
    has_more: bool
    total_estimate: int
    def __init__(self, posts: _Optional[_Iterable[_Union[_post_pb2.Post, _Mapping]]] = ..., has_more: _Optional[bool] = ..., total_estimate: _Optional[int] = ...) -> None: ...

class BatchGetPostCountsRequest(_message.Message):
    __slots__ = ("post_ids",)
    POST_IDS_FIELD_NUMBER: _ClassVar[int]
    post_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, post_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class BatchGetPostCountsResponse(_message.Message):
    __slots__ = ("posts",)
    POSTS_FIELD_NUMBER: _ClassVar[int]
    posts: _containers.RepeatedCompositeFieldContainer[CountsOfPost]
    def __init__(self, posts: _Optional[_Iterable[_Union[CountsOfPost, _Mapping]]] = ...) -> None: ...

class CountsOfPost(_message.Message):
    __slots__ = ("post_id", "counts")
    POST_ID_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    post_id: int
    counts: _post_pb2.PostCounts
    def __init__(self, post_id: _Optional[int] = ..., counts: _Optional[_Union[_post_pb2.PostCounts, _Mapping]] = ...) -> None: ...

class BatchCountPostsResponse(_message.Message):
    __slots__ = ("counts",)
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    counts: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, counts: _Optional[_Iterable[int]] = ...) -> None: ...
