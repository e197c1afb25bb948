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

class MediumKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MEDIUM_KIND_UNSPECIFIED: _ClassVar[MediumKind]
    MEDIUM_KIND_PICTURE: _ClassVar[MediumKind]
    MEDIUM_KIND_ANIMATION: _ClassVar[MediumKind]
    MEDIUM_KIND_VIDEO: _ClassVar[MediumKind]
    MEDIUM_KIND_AUDIO: _ClassVar[MediumKind]

class MediumState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MEDIUM_STATE_UNSPECIFIED: _ClassVar[MediumState]
    MEDIUM_STATE_PROCESSING: _ClassVar[MediumState]
    MEDIUM_STATE_READY: _ClassVar[MediumState]
    MEDIUM_STATE_FAILED: _ClassVar[MediumState]
    MEDIUM_STATE_WAITING: _ClassVar[MediumState]

class MediumUse(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MEDIUM_USE_UNSPECIFIED: _ClassVar[MediumUse]
    MEDIUM_USE_POST: _ClassVar[MediumUse]
    MEDIUM_USE_AVATAR: _ClassVar[MediumUse]
    MEDIUM_USE_BANNER: _ClassVar[MediumUse]
MEDIUM_KIND_UNSPECIFIED: MediumKind
MEDIUM_KIND_PICTURE: MediumKind
MEDIUM_KIND_ANIMATION: MediumKind
MEDIUM_KIND_VIDEO: MediumKind
MEDIUM_KIND_AUDIO: MediumKind
MEDIUM_STATE_UNSPECIFIED: MediumState
MEDIUM_STATE_PROCESSING: MediumState
MEDIUM_STATE_READY: MediumState
MEDIUM_STATE_FAILED: MediumState
MEDIUM_STATE_WAITING: MediumState
MEDIUM_USE_UNSPECIFIED: MediumUse
MEDIUM_USE_POST: MediumUse
MEDIUM_USE_AVATAR: MediumUse
MEDIUM_USE_BANNER: MediumUse

class Medium(_message.Message):
    __slots__ = ("id", "owner_id", "state", "failure", "content_type", "width", "height", "size_bytes", "alt_text", "blurhash", "variants", "create_time", "kind", "progress", "duration_ms", "focal_point", "dominant_color", "waveform", "etag", "address_expire_time", "folder", "use", "post_id", "expire_time", "frame_rate", "has_sound")
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
    KIND_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    DURATION_MS_FIELD_NUMBER: _ClassVar[int]
    FOCAL_POINT_FIELD_NUMBER: _ClassVar[int]
    DOMINANT_COLOR_FIELD_NUMBER: _ClassVar[int]
    WAVEFORM_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    USE_FIELD_NUMBER: _ClassVar[int]
    POST_ID_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    FRAME_RATE_FIELD_NUMBER: _ClassVar[int]
    HAS_SOUND_FIELD_NUMBER: _ClassVar[int]
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
    kind: MediumKind
    progress: int
    duration_ms: int
    focal_point: FocalPoint
    dominant_color: str
    waveform: bytes
    etag: str
    address_expire_time: _timestamp_pb2.Timestamp
    folder: str
    use: MediumUse
    post_id: int
    expire_time: _timestamp_pb2.Timestamp
    frame_rate: float
    has_sound: bool
    def __init__(self, id: _Optional[int] = ..., owner_id: _Optional[int] = ..., state: _Optional[_Union[MediumState, str]] = ..., failure: _Optional[str] = ..., content_type: _Optional[str] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., size_bytes: _Optional[int] = ..., alt_text: _Optional[str] = ..., blurhash: _Optional[str] = ..., variants: _Optional[_Iterable[_Union[MediumVariant, _Mapping]]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., kind: _Optional[_Union[MediumKind, str]] = ..., progress: _Optional[int] = ..., duration_ms: _Optional[int] = ..., focal_point: _Optional[_Union[FocalPoint, _Mapping]] = ..., dominant_color: _Optional[str] = ..., waveform: _Optional[bytes] = ..., etag: _Optional[str] = ..., address_expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., folder: _Optional[str] = ..., use: _Optional[_Union[MediumUse, str]] = ..., post_id: _Optional[int] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., frame_rate: _Optional[float] = ..., has_sound: _Optional[bool] = ...) -> None: ...

class FocalPoint(_message.Message):
    __slots__ = ("x", "y")
    X_FIELD_NUMBER: _ClassVar[int]
    Y_FIELD_NUMBER: _ClassVar[int]
    x: float
    y: float
    def __init__(self, x: _Optional[float] = ..., y: _Optional[float] = ...) -> None: ...

class MediumVariant(_message.Message):
    __slots__ = ("name", "url", "width", "height", "content_type", "file", "size_bytes", "codec")
    NAME_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    CODEC_FIELD_NUMBER: _ClassVar[int]
    name: str
    url: str
    width: int
    height: int
    content_type: str
    file: str
    size_bytes: int
    codec: str
    def __init__(self, name: _Optional[str] = ..., url: _Optional[str] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., content_type: _Optional[str] = ..., file: _Optional[str] = ..., size_bytes: _Optional[int] = ..., codec: _Optional[str] = ...) -> None: ...

class Upload(_message.Message):
    __slots__ = ("medium_id", "parts", "address_expire_time", "expire_time", "size_bytes")
    MEDIUM_ID_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    medium_id: int
    parts: _containers.RepeatedCompositeFieldContainer[UploadPart]
    address_expire_time: _timestamp_pb2.Timestamp
    expire_time: _timestamp_pb2.Timestamp
    size_bytes: int
    def __init__(self, medium_id: _Optional[int] = ..., parts: _Optional[_Iterable[_Union[UploadPart, _Mapping]]] = ..., address_expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., size_bytes: _Optional[int] = ...) -> None: ...

class UploadPart(_message.Message):
    __slots__ = ("number", "url", "size_bytes", "etag")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    number: int
    url: str
    size_bytes: int
    etag: str
    def __init__(self, number: _Optional[int] = ..., url: _Optional[str] = ..., size_bytes: _Optional[int] = ..., etag: _Optional[str] = ...) -> None: ...

class MediumLimits(_message.Message):
    __slots__ = ("kind", "content_types", "max_bytes", "max_pixels", "max_frames", "max_total_pixels", "max_duration_ms", "max_per_post")
    KIND_FIELD_NUMBER: _ClassVar[int]
    CONTENT_TYPES_FIELD_NUMBER: _ClassVar[int]
    MAX_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_PIXELS_FIELD_NUMBER: _ClassVar[int]
    MAX_FRAMES_FIELD_NUMBER: _ClassVar[int]
    MAX_TOTAL_PIXELS_FIELD_NUMBER: _ClassVar[int]
    MAX_DURATION_MS_FIELD_NUMBER: _ClassVar[int]
    MAX_PER_POST_FIELD_NUMBER: _ClassVar[int]
    kind: MediumKind
    content_types: _containers.RepeatedScalarFieldContainer[str]
    max_bytes: int
    max_pixels: int
    max_frames: int
    max_total_pixels: int
    max_duration_ms: int
    max_per_post: int
    def __init__(self, kind: _Optional[_Union[MediumKind, str]] = ..., content_types: _Optional[_Iterable[str]] = ..., max_bytes: _Optional[int] = ..., max_pixels: _Optional[int] = ..., max_frames: _Optional[int] = ..., max_total_pixels: _Optional[int] = ..., max_duration_ms: _Optional[int] = ..., max_per_post: _Optional[int] = ...) -> None: ...
