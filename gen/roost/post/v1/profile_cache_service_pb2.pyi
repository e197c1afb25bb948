from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Pair(_message.Message):
    __slots__ = ("one_id", "other_id")
    ONE_ID_FIELD_NUMBER: _ClassVar[int]
    OTHER_ID_FIELD_NUMBER: _ClassVar[int]
    one_id: int
    other_id: int
    def __init__(self, one_id: _Optional[int] = ..., other_id: _Optional[int] = ...) -> None: ...

class InvalidateProfilesRequest(_message.Message):
    __slots__ = ("user_ids", "pairs")
    USER_IDS_FIELD_NUMBER: _ClassVar[int]
    PAIRS_FIELD_NUMBER: _ClassVar[int]
    user_ids: _containers.RepeatedScalarFieldContainer[int]
    pairs: _containers.RepeatedCompositeFieldContainer[Pair]
    def __init__(self, user_ids: _Optional[_Iterable[int]] = ..., pairs: _Optional[_Iterable[_Union[Pair, _Mapping]]] = ...) -> None: ...

class InvalidateProfilesResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
