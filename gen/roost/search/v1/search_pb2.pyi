from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class HashtagUse(_message.Message):
    __slots__ = ("tag", "posts_count", "authors_count")
    TAG_FIELD_NUMBER: _ClassVar[int]
    POSTS_COUNT_FIELD_NUMBER: _ClassVar[int]
    AUTHORS_COUNT_FIELD_NUMBER: _ClassVar[int]
    tag: str
    posts_count: int
    authors_count: int
    def __init__(self, tag: _Optional[str] = ..., posts_count: _Optional[int] = ..., authors_count: _Optional[int] = ...) -> None: ...
