from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class UserPair(_message.Message):
    __slots__ = ("user_id", "other_user_id")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    OTHER_USER_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: int
    other_user_id: int
    def __init__(self, user_id: _Optional[int] = ..., other_user_id: _Optional[int] = ...) -> None: ...

class InvalidateProfilesRequest(_message.Message):
    __slots__ = ("user_ids", "pairs", "event_ids", "counts_only")
    USER_IDS_FIELD_NUMBER: _ClassVar[int]
    PAIRS_FIELD_NUMBER: _ClassVar[int]
    EVENT_IDS_FIELD_NUMBER: _ClassVar[int]
    COUNTS_ONLY_FIELD_NUMBER: _ClassVar[int]
    user_ids: _containers.RepeatedScalarFieldContainer[int]
    pairs: _containers.RepeatedCompositeFieldContainer[UserPair]
    event_ids: _containers.RepeatedScalarFieldContainer[bytes]
    counts_only: bool
    def __init__(self, user_ids: _Optional[_Iterable[int]] = ..., pairs: _Optional[_Iterable[_Union[UserPair, _Mapping]]] = ..., event_ids: _Optional[_Iterable[bytes]] = ..., counts_only: _Optional[bool] = ...) -> None: ...

class InvalidateProfilesResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
