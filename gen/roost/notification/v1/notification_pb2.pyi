import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class NotificationKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NOTIFICATION_KIND_UNSPECIFIED: _ClassVar[NotificationKind]
    NOTIFICATION_KIND_FOLLOW: _ClassVar[NotificationKind]
    NOTIFICATION_KIND_FOLLOW_REQUEST: _ClassVar[NotificationKind]
    NOTIFICATION_KIND_FOLLOW_ACCEPTED: _ClassVar[NotificationKind]
    NOTIFICATION_KIND_MENTION: _ClassVar[NotificationKind]
    NOTIFICATION_KIND_REPLY: _ClassVar[NotificationKind]
    NOTIFICATION_KIND_LIKE: _ClassVar[NotificationKind]
    NOTIFICATION_KIND_REPOST: _ClassVar[NotificationKind]
    NOTIFICATION_KIND_QUOTE: _ClassVar[NotificationKind]
    NOTIFICATION_KIND_POST: _ClassVar[NotificationKind]

class SenderFilter(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SENDER_FILTER_UNSPECIFIED: _ClassVar[SenderFilter]
    SENDER_FILTER_EVERYONE: _ClassVar[SenderFilter]
    SENDER_FILTER_FOLLOWING: _ClassVar[SenderFilter]
    SENDER_FILTER_NOBODY: _ClassVar[SenderFilter]
NOTIFICATION_KIND_UNSPECIFIED: NotificationKind
NOTIFICATION_KIND_FOLLOW: NotificationKind
NOTIFICATION_KIND_FOLLOW_REQUEST: NotificationKind
NOTIFICATION_KIND_FOLLOW_ACCEPTED: NotificationKind
NOTIFICATION_KIND_MENTION: NotificationKind
NOTIFICATION_KIND_REPLY: NotificationKind
NOTIFICATION_KIND_LIKE: NotificationKind
NOTIFICATION_KIND_REPOST: NotificationKind
NOTIFICATION_KIND_QUOTE: NotificationKind
NOTIFICATION_KIND_POST: NotificationKind
SENDER_FILTER_UNSPECIFIED: SenderFilter
SENDER_FILTER_EVERYONE: SenderFilter
SENDER_FILTER_FOLLOWING: SenderFilter
SENDER_FILTER_NOBODY: SenderFilter

class NotificationGroup(_message.Message):
    __slots__ = ("id", "kind", "post_id", "sample_user_ids", "count", "first_time", "last_time", "read")
    ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    POST_ID_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_USER_IDS_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    FIRST_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_TIME_FIELD_NUMBER: _ClassVar[int]
    READ_FIELD_NUMBER: _ClassVar[int]
    id: int
    kind: NotificationKind
    post_id: int
    sample_user_ids: _containers.RepeatedScalarFieldContainer[int]
    count: int
    first_time: _timestamp_pb2.Timestamp
    last_time: _timestamp_pb2.Timestamp
    read: bool
    def __init__(self, id: _Optional[int] = ..., kind: _Optional[_Union[NotificationKind, str]] = ..., post_id: _Optional[int] = ..., sample_user_ids: _Optional[_Iterable[int]] = ..., count: _Optional[int] = ..., first_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., read: _Optional[bool] = ...) -> None: ...

class NotificationPreferences(_message.Message):
    __slots__ = ("kinds", "muted_conversation_ids", "watched_user_ids", "email_digest", "etag", "time_zone", "quiet_hours")
    KINDS_FIELD_NUMBER: _ClassVar[int]
    MUTED_CONVERSATION_IDS_FIELD_NUMBER: _ClassVar[int]
    WATCHED_USER_IDS_FIELD_NUMBER: _ClassVar[int]
    EMAIL_DIGEST_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    QUIET_HOURS_FIELD_NUMBER: _ClassVar[int]
    kinds: _containers.RepeatedCompositeFieldContainer[KindPreference]
    muted_conversation_ids: _containers.RepeatedScalarFieldContainer[int]
    watched_user_ids: _containers.RepeatedScalarFieldContainer[int]
    email_digest: bool
    etag: str
    time_zone: str
    quiet_hours: QuietHours
    def __init__(self, kinds: _Optional[_Iterable[_Union[KindPreference, _Mapping]]] = ..., muted_conversation_ids: _Optional[_Iterable[int]] = ..., watched_user_ids: _Optional[_Iterable[int]] = ..., email_digest: _Optional[bool] = ..., etag: _Optional[str] = ..., time_zone: _Optional[str] = ..., quiet_hours: _Optional[_Union[QuietHours, _Mapping]] = ...) -> None: ...

class QuietHours(_message.Message):
    __slots__ = ("start_hour", "end_hour")
    START_HOUR_FIELD_NUMBER: _ClassVar[int]
    END_HOUR_FIELD_NUMBER: _ClassVar[int]
    start_hour: int
    end_hour: int
    def __init__(self, start_hour: _Optional[int] = ..., end_hour: _Optional[int] = ...) -> None: ...

class KindPreference(_message.Message):
    __slots__ = ("kind", "push")
    KIND_FIELD_NUMBER: _ClassVar[int]
    FROM_FIELD_NUMBER: _ClassVar[int]
    PUSH_FIELD_NUMBER: _ClassVar[int]
    kind: NotificationKind
    push: bool
    def __init__(self, kind: _Optional[_Union[NotificationKind, str]] = ..., push: _Optional[bool] = ..., **kwargs) -> None: ...

class UserEvent(_message.Message):
    __slots__ = ("user_id", "sequence", "event_time", "notification", "home", "resource", "marker", "session", "arrivals_missed", "security")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    NOTIFICATION_FIELD_NUMBER: _ClassVar[int]
    HOME_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    MARKER_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    ARRIVALS_MISSED_FIELD_NUMBER: _ClassVar[int]
    SECURITY_FIELD_NUMBER: _ClassVar[int]
    user_id: int
    sequence: int
    event_time: _timestamp_pb2.Timestamp
    notification: NotificationChanged
    home: HomeArrival
    resource: ResourceChanged
    marker: MarkerMoved
    session: SessionEnded
    arrivals_missed: ArrivalsMissed
    security: SecurityNotice
    def __init__(self, user_id: _Optional[int] = ..., sequence: _Optional[int] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., notification: _Optional[_Union[NotificationChanged, _Mapping]] = ..., home: _Optional[_Union[HomeArrival, _Mapping]] = ..., resource: _Optional[_Union[ResourceChanged, _Mapping]] = ..., marker: _Optional[_Union[MarkerMoved, _Mapping]] = ..., session: _Optional[_Union[SessionEnded, _Mapping]] = ..., arrivals_missed: _Optional[_Union[ArrivalsMissed, _Mapping]] = ..., security: _Optional[_Union[SecurityNotice, _Mapping]] = ...) -> None: ...

class ArrivalsMissed(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class NotificationChanged(_message.Message):
    __slots__ = ("group", "withdrawn", "previous_id")
    GROUP_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWN_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_ID_FIELD_NUMBER: _ClassVar[int]
    group: NotificationGroup
    withdrawn: bool
    previous_id: int
    def __init__(self, group: _Optional[_Union[NotificationGroup, _Mapping]] = ..., withdrawn: _Optional[bool] = ..., previous_id: _Optional[int] = ...) -> None: ...

class HomeArrival(_message.Message):
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

class ResourceChanged(_message.Message):
    __slots__ = ("resource", "resource_id", "deleted", "tag")
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_ID_FIELD_NUMBER: _ClassVar[int]
    DELETED_FIELD_NUMBER: _ClassVar[int]
    TAG_FIELD_NUMBER: _ClassVar[int]
    resource: str
    resource_id: int
    deleted: bool
    tag: str
    def __init__(self, resource: _Optional[str] = ..., resource_id: _Optional[int] = ..., deleted: _Optional[bool] = ..., tag: _Optional[str] = ...) -> None: ...

class MarkerMoved(_message.Message):
    __slots__ = ("timeline", "last_read_id")
    TIMELINE_FIELD_NUMBER: _ClassVar[int]
    LAST_READ_ID_FIELD_NUMBER: _ClassVar[int]
    timeline: str
    last_read_id: int
    def __init__(self, timeline: _Optional[str] = ..., last_read_id: _Optional[int] = ...) -> None: ...

class SessionEnded(_message.Message):
    __slots__ = ("session_id",)
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    session_id: int
    def __init__(self, session_id: _Optional[int] = ...) -> None: ...

class SecurityNotice(_message.Message):
    __slots__ = ("signed_in", "password_changed", "sign_ins_failed")
    SIGNED_IN_FIELD_NUMBER: _ClassVar[int]
    PASSWORD_CHANGED_FIELD_NUMBER: _ClassVar[int]
    SIGN_INS_FAILED_FIELD_NUMBER: _ClassVar[int]
    signed_in: SignedInNotice
    password_changed: PasswordChangedNotice
    sign_ins_failed: SignInsFailedNotice
    def __init__(self, signed_in: _Optional[_Union[SignedInNotice, _Mapping]] = ..., password_changed: _Optional[_Union[PasswordChangedNotice, _Mapping]] = ..., sign_ins_failed: _Optional[_Union[SignInsFailedNotice, _Mapping]] = ...) -> None: ...

class SignedInNotice(_message.Message):
    __slots__ = ("session_id", "new_network")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    NEW_NETWORK_FIELD_NUMBER: _ClassVar[int]
    session_id: int
    new_network: bool
    def __init__(self, session_id: _Optional[int] = ..., new_network: _Optional[bool] = ...) -> None: ...

class PasswordChangedNotice(_message.Message):
    __slots__ = ("session_id",)
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    session_id: int
    def __init__(self, session_id: _Optional[int] = ...) -> None: ...

class SignInsFailedNotice(_message.Message):
    __slots__ = ("failures",)
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    failures: int
    def __init__(self, failures: _Optional[int] = ...) -> None: ...
