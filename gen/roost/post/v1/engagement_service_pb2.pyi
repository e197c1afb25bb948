from buf.validate import validate_pb2 as _validate_pb2
from roost.post.v1 import post_pb2 as _post_pb2
from roost.rules.v1 import rules_pb2 as _rules_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Engagement(_message.Message):
    __slots__ = ("post_id", "counts", "viewer_state")
    POST_ID_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    VIEWER_STATE_FIELD_NUMBER: _ClassVar[int]
    post_id: int
    counts: _post_pb2.PostCounts
    viewer_state: _post_pb2.ViewerState
    def __init__(self, post_id: _Optional[int] = ..., counts: _Optional[_Union[_post_pb2.PostCounts, _Mapping]] = ..., viewer_state: _Optional[_Union[_post_pb2.ViewerState, _Mapping]] = ...) -> None: ...

class LikeRequest(_message.Message):
    __slots__ = ("post_id", "request_id")
    POST_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    post_id: int
    request_id: str
    def __init__(self, post_id: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class LikeResponse(_message.Message):
    __slots__ = ("engagement",)
    ENGAGEMENT_FIELD_NUMBER: _ClassVar[int]
    engagement: Engagement
    def __init__(self, engagement: _Optional[_Union[Engagement, _Mapping]] = ...) -> None: ...

class UnlikeRequest(_message.Message):
    __slots__ = ("post_id", "request_id")
    POST_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    post_id: int
    request_id: str
    def __init__(self, post_id: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class UnlikeResponse(_message.Message):
    __slots__ = ("engagement",)
    ENGAGEMENT_FIELD_NUMBER: _ClassVar[int]
    engagement: Engagement
    def __init__(self, engagement: _Optional[_Union[Engagement, _Mapping]] = ...) -> None: ...

class RepostRequest(_message.Message):
    __slots__ = ("post_id", "request_id")
    POST_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    post_id: int
    request_id: str
    def __init__(self, post_id: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class RepostResponse(_message.Message):
    __slots__ = ("engagement", "repost_id")
    ENGAGEMENT_FIELD_NUMBER: _ClassVar[int]
    REPOST_ID_FIELD_NUMBER: _ClassVar[int]
    engagement: Engagement
    repost_id: int
    def __init__(self, engagement: _Optional[_Union[Engagement, _Mapping]] = ..., repost_id: _Optional[int] = ...) -> None: ...

class UndoRepostRequest(_message.Message):
    __slots__ = ("post_id", "request_id")
    POST_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    post_id: int
    request_id: str
    def __init__(self, post_id: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class UndoRepostResponse(_message.Message):
    __slots__ = ("engagement",)
    ENGAGEMENT_FIELD_NUMBER: _ClassVar[int]
    engagement: Engagement
    def __init__(self, engagement: _Optional[_Union[Engagement, _Mapping]] = ...) -> None: ...

class BookmarkRequest(_message.Message):
    __slots__ = ("post_id", "request_id")
    POST_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    post_id: int
    request_id: str
    def __init__(self, post_id: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class BookmarkResponse(_message.Message):
    __slots__ = ("engagement",)
    ENGAGEMENT_FIELD_NUMBER: _ClassVar[int]
    engagement: Engagement
    def __init__(self, engagement: _Optional[_Union[Engagement, _Mapping]] = ...) -> None: ...

class RemoveBookmarkRequest(_message.Message):
    __slots__ = ("post_id", "request_id")
    POST_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    post_id: int
    request_id: str
    def __init__(self, post_id: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class RemoveBookmarkResponse(_message.Message):
    __slots__ = ("engagement",)
    ENGAGEMENT_FIELD_NUMBER: _ClassVar[int]
    engagement: Engagement
    def __init__(self, engagement: _Optional[_Union[Engagement, _Mapping]] = ...) -> None: ...

class ListLikersRequest(_message.Message):
    __slots__ = ("post_id", "page_size", "page_token")
    POST_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    post_id: int
    page_size: int
    page_token: str
    def __init__(self, post_id: _Optional[int] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListLikersResponse(_message.Message):
    __slots__ = ("user_ids", "includes", "next_page_token")
    USER_IDS_FIELD_NUMBER: _ClassVar[int]
    INCLUDES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    user_ids: _containers.RepeatedScalarFieldContainer[int]
    includes: _post_pb2.Includes
    next_page_token: str
    def __init__(self, user_ids: _Optional[_Iterable[int]] = ..., includes: _Optional[_Union[_post_pb2.Includes, _Mapping]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListRepostersRequest(_message.Message):
    __slots__ = ("post_id", "page_size", "page_token")
    POST_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    post_id: int
    page_size: int
    page_token: str
    def __init__(self, post_id: _Optional[int] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListRepostersResponse(_message.Message):
    __slots__ = ("user_ids", "includes", "next_page_token")
    USER_IDS_FIELD_NUMBER: _ClassVar[int]
    INCLUDES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    user_ids: _containers.RepeatedScalarFieldContainer[int]
    includes: _post_pb2.Includes
    next_page_token: str
    def __init__(self, user_ids: _Optional[_Iterable[int]] = ..., includes: _Optional[_Union[_post_pb2.Includes, _Mapping]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListLikedPostsRequest(_message.Message):
    __slots__ = ("user_id", "page_size", "page_token")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    user_id: int
    page_size: int
    page_token: str
    def __init__(self, user_id: _Optional[int] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListLikedPostsResponse(_message.Message):
    __slots__ = ("posts", "includes", "next_page_token")
    POSTS_FIELD_NUMBER: _ClassVar[int]
    INCLUDES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    posts: _containers.RepeatedCompositeFieldContainer[_post_pb2.Post]
    includes: _post_pb2.Includes
    next_page_token: str
    def __init__(self, posts: _Optional[_Iterable[_Union[_post_pb2.Post, _Mapping]]] = ..., includes: _Optional[_Union[_post_pb2.Includes, _Mapping]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListBookmarksRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListBookmarksResponse(_message.Message):
    __slots__ = ("posts", "includes", "next_page_token")
    POSTS_FIELD_NUMBER: _ClassVar[int]
    INCLUDES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    posts: _containers.RepeatedCompositeFieldContainer[_post_pb2.Post]
    includes: _post_pb2.Includes
    next_page_token: str
    def __init__(self, posts: _Optional[_Iterable[_Union[_post_pb2.Post, _Mapping]]] = ..., includes: _Optional[_Union[_post_pb2.Includes, _Mapping]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class BatchGetEngagementRequest(_message.Message):
    __slots__ = ("post_ids",)
    POST_IDS_FIELD_NUMBER: _ClassVar[int]
    post_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, post_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class BatchGetEngagementResponse(_message.Message):
    __slots__ = ("engagements",)
    ENGAGEMENTS_FIELD_NUMBER: _ClassVar[int]
    engagements: _containers.RepeatedCompositeFieldContainer[Engagement]
    def __init__(self, engagements: _Optional[_Iterable[_Union[Engagement, _Mapping]]] = ...) -> None: ...

class ListBookmarkIdsRequest(_message.Message):
    __slots__ = ("user_id", "page_size")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    user_id: int
    page_size: int
    def __init__(self, user_id: _Optional[int] = ..., page_size: _Optional[int] = ...) -> None: ...

class ListBookmarkIdsResponse(_message.Message):
    __slots__ = ("post_ids",)
    POST_IDS_FIELD_NUMBER: _ClassVar[int]
    post_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, post_ids: _Optional[_Iterable[int]] = ...) -> None: ...
