import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MediumState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MEDIUM_STATE_UNSPECIFIED: _ClassVar[MediumState]
    MEDIUM_STATE_PROCESSING: _ClassVar[MediumState]
    MEDIUM_STATE_READY: _ClassVar[MediumState]
    MEDIUM_STATE_FAILED: _ClassVar[MediumState]
MEDIUM_STATE_UNSPECIFIED: MediumState
MEDIUM_STATE_PROCESSING: MediumState
MEDIUM_STATE_READY: MediumState
MEDIUM_STATE_FAILED: MediumState

class Medium(_message.Message):
    __slots__ = ("id", "owner_id", "state", "failure", "content_type", "width", "height", "size_bytes", "alt_text", "blurhash", "variants", "create_time")
    ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    ALT_TEXT_FIELD_NUMBER: _ClassVar[int]
    BLURHASH_FIELD_NUMBER: _ClassVar[int]
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    id: int
    owner_id: int
    state: MediumState
    failure: str
    content_type: str
    width: int
    height: int
    size_bytes: int
    alt_text: str
    blurhash: str
    variants: _containers.RepeatedCompositeFieldContainer[MediumVariant]
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[int] = ..., owner_id: _Optional[int] = ..., state: _Optional[_Union[MediumState, str]] = ..., failure: _Optional[str] = ..., content_type: _Optional[str] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., size_bytes: _Optional[int] = ..., alt_text: _Optional[str] = ..., blurhash: _Optional[str] = ..., variants: _Optional[_Iterable[_Union[MediumVariant, _Mapping]]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class MediumVariant(_message.Message):
    __slots__ = ("name", "url", "width", "height", "content_type")
    NAME_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    name: str
    url: str
    width: int
    height: int
    content_type: str
    def __init__(self, name: _Optional[str] = ..., url: _Optional[str] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., content_type: _Optional[str] = ...) -> None: ...

class UploadPart(_message.Message):
    __slots__ = ("number", "url", "size_bytes")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    number: int
    url: str
    size_bytes: int
    def __init__(self, number: _Optional[int] = ..., url: _Optional[str] = ..., size_bytes: _Optional[int] = ...) -> None: ...
