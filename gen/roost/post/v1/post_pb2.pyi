import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from roost.media.v1 import media_pb2 as _media_pb2
from roost.user.v1 import user_pb2 as _user_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Visibility(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VISIBILITY_UNSPECIFIED: _ClassVar[Visibility]
    VISIBILITY_PUBLIC: _ClassVar[Visibility]
    VISIBILITY_FOLLOWERS: _ClassVar[Visibility]
    VISIBILITY_MENTIONED: _ClassVar[Visibility]
VISIBILITY_UNSPECIFIED: Visibility
VISIBILITY_PUBLIC: Visibility
VISIBILITY_FOLLOWERS: Visibility
VISIBILITY_MENTIONED: Visibility

class Post(_message.Message):
    __slots__ = ("id", "author_id", "text", "entities", "visibility", "reply_to_post_id", "reply_to_author_id", "conversation_id", "quoted_post_id", "media_ids", "create_time", "edit_time", "revision", "etag", "deleted", "counts", "viewer_state", "audience_limits", "quote_hidden", "media", "language")
    ID_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_ID_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    ENTITIES_FIELD_NUMBER: _ClassVar[int]
    VISIBILITY_FIELD_NUMBER: _ClassVar[int]
    REPLY_TO_POST_ID_FIELD_NUMBER: _ClassVar[int]
    REPLY_TO_AUTHOR_ID_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    QUOTED_POST_ID_FIELD_NUMBER: _ClassVar[int]
    MEDIA_IDS_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    EDIT_TIME_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    DELETED_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    VIEWER_STATE_FIELD_NUMBER: _ClassVar[int]
    AUDIENCE_LIMITS_FIELD_NUMBER: _ClassVar[int]
    QUOTE_HIDDEN_FIELD_NUMBER: _ClassVar[int]
    MEDIA_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    id: int
    author_id: int
    text: str
    entities: _containers.RepeatedCompositeFieldContainer[Entity]
    visibility: Visibility
    reply_to_post_id: int
    reply_to_author_id: int
    conversation_id: int
    quoted_post_id: int
    media_ids: _containers.RepeatedScalarFieldContainer[int]
    create_time: _timestamp_pb2.Timestamp
    edit_time: _timestamp_pb2.Timestamp
    revision: int
    etag: str
    deleted: bool
    counts: PostCounts
    viewer_state: ViewerState
    audience_limits: _containers.RepeatedCompositeFieldContainer[AudienceLimit]
    quote_hidden: bool
    media: _containers.RepeatedCompositeFieldContainer[_media_pb2.Medium]
    language: str
    def __init__(self, id: _Optional[int] = ..., author_id: _Optional[int] = ..., text: _Optional[str] = ..., entities: _Optional[_Iterable[_Union[Entity, _Mapping]]] = ..., visibility: _Optional[_Union[Visibility, str]] = ..., reply_to_post_id: _Optional[int] = ..., reply_to_author_id: _Optional[int] = ..., conversation_id: _Optional[int] = ..., quoted_post_id: _Optional[int] = ..., media_ids: _Optional[_Iterable[int]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., edit_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revision: _Optional[int] = ..., etag: _Optional[str] = ..., deleted: _Optional[bool] = ..., counts: _Optional[_Union[PostCounts, _Mapping]] = ..., viewer_state: _Optional[_Union[ViewerState, _Mapping]] = ..., audience_limits: _Optional[_Iterable[_Union[AudienceLimit, _Mapping]]] = ..., quote_hidden: _Optional[bool] = ..., media: _Optional[_Iterable[_Union[_media_pb2.Medium, _Mapping]]] = ..., language: _Optional[str] = ...) -> None: ...

class AudienceLimit(_message.Message):
    __slots__ = ("author_id", "visibility", "addressed_user_ids", "was_protected")
    AUTHOR_ID_FIELD_NUMBER: _ClassVar[int]
    VISIBILITY_FIELD_NUMBER: _ClassVar[int]
    ADDRESSED_USER_IDS_FIELD_NUMBER: _ClassVar[int]
    WAS_PROTECTED_FIELD_NUMBER: _ClassVar[int]
    author_id: int
    visibility: Visibility
    addressed_user_ids: _containers.RepeatedScalarFieldContainer[int]
    was_protected: bool
    def __init__(self, author_id: _Optional[int] = ..., visibility: _Optional[_Union[Visibility, str]] = ..., addressed_user_ids: _Optional[_Iterable[int]] = ..., was_protected: _Optional[bool] = ...) -> None: ...

class Entity(_message.Message):
    __slots__ = ("start", "end", "mention", "hashtag", "link")
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    MENTION_FIELD_NUMBER: _ClassVar[int]
    HASHTAG_FIELD_NUMBER: _ClassVar[int]
    LINK_FIELD_NUMBER: _ClassVar[int]
    start: int
    end: int
    mention: Mention
    hashtag: Hashtag
    link: Link
    def __init__(self, start: _Optional[int] = ..., end: _Optional[int] = ..., mention: _Optional[_Union[Mention, _Mapping]] = ..., hashtag: _Optional[_Union[Hashtag, _Mapping]] = ..., link: _Optional[_Union[Link, _Mapping]] = ...) -> None: ...

class Mention(_message.Message):
    __slots__ = ("user_id", "handle")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    user_id: int
    handle: str
    def __init__(self, user_id: _Optional[int] = ..., handle: _Optional[str] = ...) -> None: ...

class Hashtag(_message.Message):
    __slots__ = ("tag",)
    TAG_FIELD_NUMBER: _ClassVar[int]
    tag: str
    def __init__(self, tag: _Optional[str] = ...) -> None: ...

class Link(_message.Message):
    __slots__ = ("url",)
    URL_FIELD_NUMBER: _ClassVar[int]
    url: str
    def __init__(self, url: _Optional[str] = ...) -> None: ...

class PostCounts(_message.Message):
    __slots__ = ("likes", "reposts", "replies", "quotes")
    LIKES_FIELD_NUMBER: _ClassVar[int]
    REPOSTS_FIELD_NUMBER: _ClassVar[int]
    REPLIES_FIELD_NUMBER: _ClassVar[int]
    QUOTES_FIELD_NUMBER: _ClassVar[int]
    likes: int
    reposts: int
    replies: int
    quotes: int
    def __init__(self, likes: _Optional[int] = ..., reposts: _Optional[int] = ..., replies: _Optional[int] = ..., quotes: _Optional[int] = ...) -> None: ...

class ViewerState(_message.Message):
    __slots__ = ("liked", "reposted", "bookmarked")
    LIKED_FIELD_NUMBER: _ClassVar[int]
    REPOSTED_FIELD_NUMBER: _ClassVar[int]
    BOOKMARKED_FIELD_NUMBER: _ClassVar[int]
    liked: bool
    reposted: bool
    bookmarked: bool
    def __init__(self, liked: _Optional[bool] = ..., reposted: _Optional[bool] = ..., bookmarked: _Optional[bool] = ...) -> None: ...

class PostRevision(_message.Message):
    __slots__ = ("revision", "text", "entities", "create_time", "media")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    ENTITIES_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    MEDIA_FIELD_NUMBER: _ClassVar[int]
    revision: int
    text: str
    entities: _containers.RepeatedCompositeFieldContainer[Entity]
    create_time: _timestamp_pb2.Timestamp
    media: _containers.RepeatedCompositeFieldContainer[_media_pb2.Medium]
    def __init__(self, revision: _Optional[int] = ..., text: _Optional[str] = ..., entities: _Optional[_Iterable[_Union[Entity, _Mapping]]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., media: _Optional[_Iterable[_Union[_media_pb2.Medium, _Mapping]]] = ...) -> None: ...

class Includes(_message.Message):
    __slots__ = ("quoted_posts", "users")
    QUOTED_POSTS_FIELD_NUMBER: _ClassVar[int]
    USERS_FIELD_NUMBER: _ClassVar[int]
    quoted_posts: _containers.RepeatedCompositeFieldContainer[Post]
    users: _containers.RepeatedCompositeFieldContainer[_user_pb2.User]
    def __init__(self, quoted_posts: _Optional[_Iterable[_Union[Post, _Mapping]]] = ..., users: _Optional[_Iterable[_Union[_user_pb2.User, _Mapping]]] = ...) -> None: ...

class TimelineEntry(_message.Message):
    __slots__ = ("entry_id", "post_id", "author_id", "reposter_id", "by_hashtag")
    ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    POST_ID_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_ID_FIELD_NUMBER: _ClassVar[int]
    REPOSTER_ID_FIELD_NUMBER: _ClassVar[int]
    BY_HASHTAG_FIELD_NUMBER: _ClassVar[int]
    entry_id: int
    post_id: int
    author_id: int
    reposter_id: int
    by_hashtag: bool
    def __init__(self, entry_id: _Optional[int] = ..., post_id: _Optional[int] = ..., author_id: _Optional[int] = ..., reposter_id: _Optional[int] = ..., by_hashtag: _Optional[bool] = ...) -> None: ...
