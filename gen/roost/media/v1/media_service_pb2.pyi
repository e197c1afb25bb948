import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from roost.media.v1 import media_pb2 as _media_pb2
from roost.rules.v1 import rules_pb2 as _rules_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StartUploadRequest(_message.Message):
    __slots__ = ("content_type", "size_bytes", "alt_text", "request_id")
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    ALT_TEXT_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    content_type: str
    size_bytes: int
    alt_text: str
    request_id: str
    def __init__(self, content_type: _Optional[str] = ..., size_bytes: _Optional[int] = ..., alt_text: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class StartUploadResponse(_message.Message):
    __slots__ = ("medium_id", "parts", "expire_time", "upload")
    MEDIUM_ID_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPLOAD_FIELD_NUMBER: _ClassVar[int]
    medium_id: int
    parts: _containers.RepeatedCompositeFieldContainer[_media_pb2.UploadPart]
    expire_time: _timestamp_pb2.Timestamp
    upload: _media_pb2.Upload
    def __init__(self, medium_id: _Optional[int] = ..., parts: _Optional[_Iterable[_Union[_media_pb2.UploadPart, _Mapping]]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., upload: _Optional[_Union[_media_pb2.Upload, _Mapping]] = ...) -> None: ...

class GetUploadRequest(_message.Message):
    __slots__ = ("medium_id",)
    MEDIUM_ID_FIELD_NUMBER: _ClassVar[int]
    medium_id: int
    def __init__(self, medium_id: _Optional[int] = ...) -> None: ...

class GetUploadResponse(_message.Message):
    __slots__ = ("upload",)
    UPLOAD_FIELD_NUMBER: _ClassVar[int]
    upload: _media_pb2.Upload
    def __init__(self, upload: _Optional[_Union[_media_pb2.Upload, _Mapping]] = ...) -> None: ...

class CompleteUploadRequest(_message.Message):
    __slots__ = ("medium_id", "part_etags", "request_id")
    MEDIUM_ID_FIELD_NUMBER: _ClassVar[int]
    PART_ETAGS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    medium_id: int
    part_etags: _containers.RepeatedScalarFieldContainer[str]
    request_id: str
    def __init__(self, medium_id: _Optional[int] = ..., part_etags: _Optional[_Iterable[str]] = ..., request_id: _Optional[str] = ...) -> None: ...

class CompleteUploadResponse(_message.Message):
    __slots__ = ("medium",)
    MEDIUM_FIELD_NUMBER: _ClassVar[int]
    medium: _media_pb2.Medium
    def __init__(self, medium: _Optional[_Union[_media_pb2.Medium, _Mapping]] = ...) -> None: ...

class AbortUploadRequest(_message.Message):
    __slots__ = ("medium_id", "request_id")
    MEDIUM_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    medium_id: int
    request_id: str
    def __init__(self, medium_id: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class AbortUploadResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetMediaRequest(_message.Message):
    __slots__ = ("medium_id",)
    MEDIUM_ID_FIELD_NUMBER: _ClassVar[int]
    medium_id: int
    def __init__(self, medium_id: _Optional[int] = ...) -> None: ...

class GetMediaResponse(_message.Message):
    __slots__ = ("medium",)
    MEDIUM_FIELD_NUMBER: _ClassVar[int]
    medium: _media_pb2.Medium
    def __init__(self, medium: _Optional[_Union[_media_pb2.Medium, _Mapping]] = ...) -> None: ...

class WaitMediaRequest(_message.Message):
    __slots__ = ("medium_id", "wait_ms")
    MEDIUM_ID_FIELD_NUMBER: _ClassVar[int]
    WAIT_MS_FIELD_NUMBER: _ClassVar[int]
    medium_id: int
    wait_ms: int
    def __init__(self, medium_id: _Optional[int] = ..., wait_ms: _Optional[int] = ...) -> None: ...

class WaitMediaResponse(_message.Message):
    __slots__ = ("medium",)
    MEDIUM_FIELD_NUMBER: _ClassVar[int]
    medium: _media_pb2.Medium
    def __init__(self, medium: _Optional[_Union[_media_pb2.Medium, _Mapping]] = ...) -> None: ...

class BatchGetMediaRequest(_message.Message):
    __slots__ = ("medium_ids",)
    MEDIUM_IDS_FIELD_NUMBER: _ClassVar[int]
    medium_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, medium_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class BatchGetMediaResponse(_message.Message):
    __slots__ = ("media",)
    MEDIA_FIELD_NUMBER: _ClassVar[int]
    media: _containers.RepeatedCompositeFieldContainer[_media_pb2.Medium]
    def __init__(self, media: _Optional[_Iterable[_Union[_media_pb2.Medium, _Mapping]]] = ...) -> None: ...

class UpdateMediaRequest(_message.Message):
    __slots__ = ("medium", "update_mask", "request_id", "etag")
    MEDIUM_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    medium: _media_pb2.Medium
    update_mask: _field_mask_pb2.FieldMask
    request_id: str
    etag: str
    def __init__(self, medium: _Optional[_Union[_media_pb2.Medium, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., request_id: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class UpdateMediaResponse(_message.Message):
    __slots__ = ("medium",)
    MEDIUM_FIELD_NUMBER: _ClassVar[int]
    medium: _media_pb2.Medium
    def __init__(self, medium: _Optional[_Union[_media_pb2.Medium, _Mapping]] = ...) -> None: ...

class DeleteMediaRequest(_message.Message):
    __slots__ = ("medium_id", "request_id")
    MEDIUM_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    medium_id: int
    request_id: str
    def __init__(self, medium_id: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class DeleteMediaResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MediumClaim(_message.Message):
    __slots__ = ("use", "post_id", "claim_key")
    USE_FIELD_NUMBER: _ClassVar[int]
    POST_ID_FIELD_NUMBER: _ClassVar[int]
    CLAIM_KEY_FIELD_NUMBER: _ClassVar[int]
    use: _media_pb2.MediumUse
    post_id: int
    claim_key: str
    def __init__(self, use: _Optional[_Union[_media_pb2.MediumUse, str]] = ..., post_id: _Optional[int] = ..., claim_key: _Optional[str] = ...) -> None: ...

class ClaimMediaRequest(_message.Message):
    __slots__ = ("owner_id", "medium_ids", "claim")
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    MEDIUM_IDS_FIELD_NUMBER: _ClassVar[int]
    CLAIM_FIELD_NUMBER: _ClassVar[int]
    owner_id: int
    medium_ids: _containers.RepeatedScalarFieldContainer[int]
    claim: MediumClaim
    def __init__(self, owner_id: _Optional[int] = ..., medium_ids: _Optional[_Iterable[int]] = ..., claim: _Optional[_Union[MediumClaim, _Mapping]] = ...) -> None: ...

class ClaimMediaResponse(_message.Message):
    __slots__ = ("media",)
    MEDIA_FIELD_NUMBER: _ClassVar[int]
    media: _containers.RepeatedCompositeFieldContainer[_media_pb2.Medium]
    def __init__(self, media: _Optional[_Iterable[_Union[_media_pb2.Medium, _Mapping]]] = ...) -> None: ...

class ReleaseMediaRequest(_message.Message):
    __slots__ = ("owner_id", "medium_ids", "claim")
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    MEDIUM_IDS_FIELD_NUMBER: _ClassVar[int]
    CLAIM_FIELD_NUMBER: _ClassVar[int]
    owner_id: int
    medium_ids: _containers.RepeatedScalarFieldContainer[int]
    claim: MediumClaim
    def __init__(self, owner_id: _Optional[int] = ..., medium_ids: _Optional[_Iterable[int]] = ..., claim: _Optional[_Union[MediumClaim, _Mapping]] = ...) -> None: ...

class ReleaseMediaResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetUsageRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetUsageResponse(_message.Message):
    __slots__ = ("day_bytes", "day_uploads", "max_day_bytes", "max_day_uploads", "reset_time", "stored_bytes")
    DAY_BYTES_FIELD_NUMBER: _ClassVar[int]
    DAY_UPLOADS_FIELD_NUMBER: _ClassVar[int]
    MAX_DAY_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_DAY_UPLOADS_FIELD_NUMBER: _ClassVar[int]
    RESET_TIME_FIELD_NUMBER: _ClassVar[int]
    STORED_BYTES_FIELD_NUMBER: _ClassVar[int]
    day_bytes: int
    day_uploads: int
    max_day_bytes: int
    max_day_uploads: int
    reset_time: _timestamp_pb2.Timestamp
    stored_bytes: int
    def __init__(self, day_bytes: _Optional[int] = ..., day_uploads: _Optional[int] = ..., max_day_bytes: _Optional[int] = ..., max_day_uploads: _Optional[int] = ..., reset_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., stored_bytes: _Optional[int] = ...) -> None: ...

class GetLimitsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetLimitsResponse(_message.Message):
    __slots__ = ("kinds", "max_alt_text_characters", "max_day_bytes", "max_day_uploads", "unattached_seconds")
    KINDS_FIELD_NUMBER: _ClassVar[int]
    MAX_ALT_TEXT_CHARACTERS_FIELD_NUMBER: _ClassVar[int]
    MAX_DAY_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_DAY_UPLOADS_FIELD_NUMBER: _ClassVar[int]
    UNATTACHED_SECONDS_FIELD_NUMBER: _ClassVar[int]
    kinds: _containers.RepeatedCompositeFieldContainer[_media_pb2.MediumLimits]
    max_alt_text_characters: int
    max_day_bytes: int
    max_day_uploads: int
    unattached_seconds: int
    def __init__(self, kinds: _Optional[_Iterable[_Union[_media_pb2.MediumLimits, _Mapping]]] = ..., max_alt_text_characters: _Optional[int] = ..., max_day_bytes: _Optional[int] = ..., max_day_uploads: _Optional[int] = ..., unattached_seconds: _Optional[int] = ...) -> None: ...
