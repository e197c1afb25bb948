import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from roost.user.v1 import user_pb2 as _user_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class UserRegistered(_message.Message):
    __slots__ = ("user",)
    USER_FIELD_NUMBER: _ClassVar[int]
    user: _user_pb2.User
    def __init__(self, user: _Optional[_Union[_user_pb2.User, _Mapping]] = ...) -> None: ...

class UserUpdated(_message.Message):
    __slots__ = ("user", "changed_fields")
    USER_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELDS_FIELD_NUMBER: _ClassVar[int]
    user: _user_pb2.User
    changed_fields: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, user: _Optional[_Union[_user_pb2.User, _Mapping]] = ..., changed_fields: _Optional[_Iterable[str]] = ...) -> None: ...

class UserDeleted(_message.Message):
    __slots__ = ("user_id", "delete_time")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    DELETE_TIME_FIELD_NUMBER: _ClassVar[int]
    user_id: int
    delete_time: _timestamp_pb2.Timestamp
    def __init__(self, user_id: _Optional[int] = ..., delete_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class FollowCreated(_message.Message):
    __slots__ = ("follower_id", "followee_id", "by_request", "by_opening")
    FOLLOWER_ID_FIELD_NUMBER: _ClassVar[int]
    FOLLOWEE_ID_FIELD_NUMBER: _ClassVar[int]
    BY_REQUEST_FIELD_NUMBER: _ClassVar[int]
    BY_OPENING_FIELD_NUMBER: _ClassVar[int]
    follower_id: int
    followee_id: int
    by_request: bool
    by_opening: bool
    def __init__(self, follower_id: _Optional[int] = ..., followee_id: _Optional[int] = ..., by_request: _Optional[bool] = ..., by_opening: _Optional[bool] = ...) -> None: ...

class FollowRemoved(_message.Message):
    __slots__ = ("follower_id", "followee_id")
    FOLLOWER_ID_FIELD_NUMBER: _ClassVar[int]
    FOLLOWEE_ID_FIELD_NUMBER: _ClassVar[int]
    follower_id: int
    followee_id: int
    def __init__(self, follower_id: _Optional[int] = ..., followee_id: _Optional[int] = ...) -> None: ...

class FollowRequested(_message.Message):
    __slots__ = ("follower_id", "followee_id")
    FOLLOWER_ID_FIELD_NUMBER: _ClassVar[int]
    FOLLOWEE_ID_FIELD_NUMBER: _ClassVar[int]
    follower_id: int
    followee_id: int
    def __init__(self, follower_id: _Optional[int] = ..., followee_id: _Optional[int] = ...) -> None: ...

class FollowRequestRemoved(_message.Message):
    __slots__ = ("follower_id", "followee_id")
    FOLLOWER_ID_FIELD_NUMBER: _ClassVar[int]
    FOLLOWEE_ID_FIELD_NUMBER: _ClassVar[int]
    follower_id: int
    followee_id: int
    def __init__(self, follower_id: _Optional[int] = ..., followee_id: _Optional[int] = ...) -> None: ...

class BlockCreated(_message.Message):
    __slots__ = ("blocker_id", "blocked_id")
    BLOCKER_ID_FIELD_NUMBER: _ClassVar[int]
    BLOCKED_ID_FIELD_NUMBER: _ClassVar[int]
    blocker_id: int
    blocked_id: int
    def __init__(self, blocker_id: _Optional[int] = ..., blocked_id: _Optional[int] = ...) -> None: ...

class BlockRemoved(_message.Message):
    __slots__ = ("blocker_id", "blocked_id")
    BLOCKER_ID_FIELD_NUMBER: _ClassVar[int]
    BLOCKED_ID_FIELD_NUMBER: _ClassVar[int]
    blocker_id: int
    blocked_id: int
    def __init__(self, blocker_id: _Optional[int] = ..., blocked_id: _Optional[int] = ...) -> None: ...

class MuteCreated(_message.Message):
    __slots__ = ("muter_id", "muted_id")
    MUTER_ID_FIELD_NUMBER: _ClassVar[int]
    MUTED_ID_FIELD_NUMBER: _ClassVar[int]
    muter_id: int
    muted_id: int
    def __init__(self, muter_id: _Optional[int] = ..., muted_id: _Optional[int] = ...) -> None: ...

class MuteRemoved(_message.Message):
    __slots__ = ("muter_id", "muted_id")
    MUTER_ID_FIELD_NUMBER: _ClassVar[int]
    MUTED_ID_FIELD_NUMBER: _ClassVar[int]
    muter_id: int
    muted_id: int
    def __init__(self, muter_id: _Optional[int] = ..., muted_id: _Optional[int] = ...) -> None: ...

class SessionRevoked(_message.Message):
    __slots__ = ("user_id", "session_id", "access_expire_time")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    ACCESS_EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    user_id: int
    session_id: int
    access_expire_time: _timestamp_pb2.Timestamp
    def __init__(self, user_id: _Optional[int] = ..., session_id: _Optional[int] = ..., access_expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SignedIn(_message.Message):
    __slots__ = ("user_id", "session_id", "new_network", "sign_in_time")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    NEW_NETWORK_FIELD_NUMBER: _ClassVar[int]
    SIGN_IN_TIME_FIELD_NUMBER: _ClassVar[int]
    user_id: int
    session_id: int
    new_network: bool
    sign_in_time: _timestamp_pb2.Timestamp
    def __init__(self, user_id: _Optional[int] = ..., session_id: _Optional[int] = ..., new_network: _Optional[bool] = ..., sign_in_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class PasswordChanged(_message.Message):
    __slots__ = ("user_id", "session_id", "change_time")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    CHANGE_TIME_FIELD_NUMBER: _ClassVar[int]
    user_id: int
    session_id: int
    change_time: _timestamp_pb2.Timestamp
    def __init__(self, user_id: _Optional[int] = ..., session_id: _Optional[int] = ..., change_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SignInsFailed(_message.Message):
    __slots__ = ("user_id", "failures", "last_time")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    LAST_TIME_FIELD_NUMBER: _ClassVar[int]
    user_id: int
    failures: int
    last_time: _timestamp_pb2.Timestamp
    def __init__(self, user_id: _Optional[int] = ..., failures: _Optional[int] = ..., last_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
