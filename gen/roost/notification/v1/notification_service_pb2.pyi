import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from roost.notification.v1 import notification_pb2 as _notification_pb2
from roost.rules.v1 import rules_pb2 as _rules_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListNotificationsRequest(_message.Message):
    __slots__ = ("kinds", "page_size", "page_token")
    KINDS_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    kinds: _containers.RepeatedScalarFieldContainer[_notification_pb2.NotificationKind]
    page_size: int
    page_token: str
    def __init__(self, kinds: _Optional[_Iterable[_Union[_notification_pb2.NotificationKind, str]]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListNotificationsResponse(_message.Message):
    __slots__ = ("groups", "next_page_token", "next_group")
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    NEXT_GROUP_FIELD_NUMBER: _ClassVar[int]
    groups: _containers.RepeatedCompositeFieldContainer[_notification_pb2.NotificationGroup]
    next_page_token: str
    next_group: _notification_pb2.NotificationGroup
    def __init__(self, groups: _Optional[_Iterable[_Union[_notification_pb2.NotificationGroup, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., next_group: _Optional[_Union[_notification_pb2.NotificationGroup, _Mapping]] = ...) -> None: ...

class CountUnreadRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CountUnreadResponse(_message.Message):
    __slots__ = ("count",)
    COUNT_FIELD_NUMBER: _ClassVar[int]
    count: int
    def __init__(self, count: _Optional[int] = ...) -> None: ...

class GetReadMarkerRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetReadMarkerResponse(_message.Message):
    __slots__ = ("last_read_id", "update_time")
    LAST_READ_ID_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    last_read_id: int
    update_time: _timestamp_pb2.Timestamp
    def __init__(self, last_read_id: _Optional[int] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class MarkReadRequest(_message.Message):
    __slots__ = ("last_read_id", "request_id")
    LAST_READ_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    last_read_id: int
    request_id: str
    def __init__(self, last_read_id: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class MarkReadResponse(_message.Message):
    __slots__ = ("last_read_id", "update_time")
    LAST_READ_ID_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    last_read_id: int
    update_time: _timestamp_pb2.Timestamp
    def __init__(self, last_read_id: _Optional[int] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetPreferencesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetPreferencesResponse(_message.Message):
    __slots__ = ("preferences",)
    PREFERENCES_FIELD_NUMBER: _ClassVar[int]
    preferences: _notification_pb2.NotificationPreferences
    def __init__(self, preferences: _Optional[_Union[_notification_pb2.NotificationPreferences, _Mapping]] = ...) -> None: ...

class UpdatePreferencesRequest(_message.Message):
    __slots__ = ("preferences", "update_mask", "etag", "request_id")
    PREFERENCES_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    preferences: _notification_pb2.NotificationPreferences
    update_mask: _field_mask_pb2.FieldMask
    etag: str
    request_id: str
    def __init__(self, preferences: _Optional[_Union[_notification_pb2.NotificationPreferences, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., etag: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class UpdatePreferencesResponse(_message.Message):
    __slots__ = ("preferences",)
    PREFERENCES_FIELD_NUMBER: _ClassVar[int]
    preferences: _notification_pb2.NotificationPreferences
    def __init__(self, preferences: _Optional[_Union[_notification_pb2.NotificationPreferences, _Mapping]] = ...) -> None: ...

class MuteConversationRequest(_message.Message):
    __slots__ = ("post_id", "request_id")
    POST_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    post_id: int
    request_id: str
    def __init__(self, post_id: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class MuteConversationResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class UnmuteConversationRequest(_message.Message):
    __slots__ = ("post_id", "request_id")
    POST_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    post_id: int
    request_id: str
    def __init__(self, post_id: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class UnmuteConversationResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class WatchUserRequest(_message.Message):
    __slots__ = ("user_id", "request_id")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: int
    request_id: str
    def __init__(self, user_id: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class WatchUserResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class UnwatchUserRequest(_message.Message):
    __slots__ = ("user_id", "request_id")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: int
    request_id: str
    def __init__(self, user_id: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class UnwatchUserResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
