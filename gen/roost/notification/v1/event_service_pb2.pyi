from buf.validate import validate_pb2 as _validate_pb2
from roost.notification.v1 import notification_pb2 as _notification_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AttachRequest(_message.Message):
    __slots__ = ("attach", "detach", "attach_post", "detach_post", "attach_hashtag", "detach_hashtag")
    ATTACH_FIELD_NUMBER: _ClassVar[int]
    DETACH_FIELD_NUMBER: _ClassVar[int]
    ATTACH_POST_FIELD_NUMBER: _ClassVar[int]
    DETACH_POST_FIELD_NUMBER: _ClassVar[int]
    ATTACH_HASHTAG_FIELD_NUMBER: _ClassVar[int]
    DETACH_HASHTAG_FIELD_NUMBER: _ClassVar[int]
    attach: AttachUser
    detach: DetachUser
    attach_post: AttachPost
    detach_post: DetachPost
    attach_hashtag: AttachHashtag
    detach_hashtag: DetachHashtag
    def __init__(self, attach: _Optional[_Union[AttachUser, _Mapping]] = ..., detach: _Optional[_Union[DetachUser, _Mapping]] = ..., attach_post: _Optional[_Union[AttachPost, _Mapping]] = ..., detach_post: _Optional[_Union[DetachPost, _Mapping]] = ..., attach_hashtag: _Optional[_Union[AttachHashtag, _Mapping]] = ..., detach_hashtag: _Optional[_Union[DetachHashtag, _Mapping]] = ...) -> None: ...

class AttachUser(_message.Message):
    __slots__ = ("user_id", "after_sequence")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    user_id: int
    after_sequence: int
    def __init__(self, user_id: _Optional[int] = ..., after_sequence: _Optional[int] = ...) -> None: ...

class DetachUser(_message.Message):
    __slots__ = ("user_id",)
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: int
    def __init__(self, user_id: _Optional[int] = ...) -> None: ...

class AttachPost(_message.Message):
    __slots__ = ("post_id",)
    POST_ID_FIELD_NUMBER: _ClassVar[int]
    post_id: int
    def __init__(self, post_id: _Optional[int] = ...) -> None: ...

class DetachPost(_message.Message):
    __slots__ = ("post_id",)
    POST_ID_FIELD_NUMBER: _ClassVar[int]
    post_id: int
    def __init__(self, post_id: _Optional[int] = ...) -> None: ...

class AttachHashtag(_message.Message):
    __slots__ = ("tag",)
    TAG_FIELD_NUMBER: _ClassVar[int]
    tag: str
    def __init__(self, tag: _Optional[str] = ...) -> None: ...

class DetachHashtag(_message.Message):
    __slots__ = ("tag",)
    TAG_FIELD_NUMBER: _ClassVar[int]
    tag: str
    def __init__(self, tag: _Optional[str] = ...) -> None: ...

class AttachResponse(_message.Message):
    __slots__ = ("event", "attached", "gap", "activity", "events", "hashtag_activity")
    EVENT_FIELD_NUMBER: _ClassVar[int]
    ATTACHED_FIELD_NUMBER: _ClassVar[int]
    GAP_FIELD_NUMBER: _ClassVar[int]
    ACTIVITY_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    HASHTAG_ACTIVITY_FIELD_NUMBER: _ClassVar[int]
    event: _notification_pb2.UserEvent
    attached: Attached
    gap: EventGap
    activity: PostActivity
    events: UserEvents
    hashtag_activity: HashtagActivity
    def __init__(self, event: _Optional[_Union[_notification_pb2.UserEvent, _Mapping]] = ..., attached: _Optional[_Union[Attached, _Mapping]] = ..., gap: _Optional[_Union[EventGap, _Mapping]] = ..., activity: _Optional[_Union[PostActivity, _Mapping]] = ..., events: _Optional[_Union[UserEvents, _Mapping]] = ..., hashtag_activity: _Optional[_Union[HashtagActivity, _Mapping]] = ...) -> None: ...

class UserEvents(_message.Message):
    __slots__ = ("events",)
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[_notification_pb2.UserEvent]
    def __init__(self, events: _Optional[_Iterable[_Union[_notification_pb2.UserEvent, _Mapping]]] = ...) -> None: ...

class Attached(_message.Message):
    __slots__ = ("user_id", "last_sequence")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    LAST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    user_id: int
    last_sequence: int
    def __init__(self, user_id: _Optional[int] = ..., last_sequence: _Optional[int] = ...) -> None: ...

class PostActivity(_message.Message):
    __slots__ = ("post_id", "reply_post_id", "deleted")
    POST_ID_FIELD_NUMBER: _ClassVar[int]
    REPLY_POST_ID_FIELD_NUMBER: _ClassVar[int]
    DELETED_FIELD_NUMBER: _ClassVar[int]
    post_id: int
    reply_post_id: int
    deleted: bool
    def __init__(self, post_id: _Optional[int] = ..., reply_post_id: _Optional[int] = ..., deleted: _Optional[bool] = ...) -> None: ...

class HashtagActivity(_message.Message):
    __slots__ = ("tag", "post_id")
    TAG_FIELD_NUMBER: _ClassVar[int]
    POST_ID_FIELD_NUMBER: _ClassVar[int]
    tag: str
    post_id: int
    def __init__(self, tag: _Optional[str] = ..., post_id: _Optional[int] = ...) -> None: ...

class EventGap(_message.Message):
    __slots__ = ("user_id", "first_sequence", "home_only")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    HOME_ONLY_FIELD_NUMBER: _ClassVar[int]
    user_id: int
    first_sequence: int
    home_only: bool
    def __init__(self, user_id: _Optional[int] = ..., first_sequence: _Optional[int] = ..., home_only: _Optional[bool] = ...) -> None: ...

class ReadEventsRequest(_message.Message):
    __slots__ = ("user_id", "after_sequence", "page_size")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    user_id: int
    after_sequence: int
    page_size: int
    def __init__(self, user_id: _Optional[int] = ..., after_sequence: _Optional[int] = ..., page_size: _Optional[int] = ...) -> None: ...

class ReadEventsResponse(_message.Message):
    __slots__ = ("events", "last_sequence", "limited", "home_only")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    LAST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    LIMITED_FIELD_NUMBER: _ClassVar[int]
    HOME_ONLY_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[_notification_pb2.UserEvent]
    last_sequence: int
    limited: bool
    home_only: bool
    def __init__(self, events: _Optional[_Iterable[_Union[_notification_pb2.UserEvent, _Mapping]]] = ..., last_sequence: _Optional[int] = ..., limited: _Optional[bool] = ..., home_only: _Optional[bool] = ...) -> None: ...
