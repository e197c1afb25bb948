from buf.validate import validate_pb2 as _validate_pb2
from roost.rules.v1 import rules_pb2 as _rules_pb2
from roost.search.v1 import search_pb2 as _search_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StartReindexRequest(_message.Message):
    __slots__ = ("request_id",)
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    def __init__(self, request_id: _Optional[str] = ...) -> None: ...

class StartReindexResponse(_message.Message):
    __slots__ = ("reindex",)
    REINDEX_FIELD_NUMBER: _ClassVar[int]
    reindex: _search_pb2.Reindex
    def __init__(self, reindex: _Optional[_Union[_search_pb2.Reindex, _Mapping]] = ...) -> None: ...

class GetReindexRequest(_message.Message):
    __slots__ = ("reindex_id",)
    REINDEX_ID_FIELD_NUMBER: _ClassVar[int]
    reindex_id: int
    def __init__(self, reindex_id: _Optional[int] = ...) -> None: ...

class GetReindexResponse(_message.Message):
    __slots__ = ("reindex",)
    REINDEX_FIELD_NUMBER: _ClassVar[int]
    reindex: _search_pb2.Reindex
    def __init__(self, reindex: _Optional[_Union[_search_pb2.Reindex, _Mapping]] = ...) -> None: ...

class CancelReindexRequest(_message.Message):
    __slots__ = ("reindex_id",)
    REINDEX_ID_FIELD_NUMBER: _ClassVar[int]
    reindex_id: int
    def __init__(self, reindex_id: _Optional[int] = ...) -> None: ...

class CancelReindexResponse(_message.Message):
    __slots__ = ("reindex",)
    REINDEX_FIELD_NUMBER: _ClassVar[int]
    reindex: _search_pb2.Reindex
    def __init__(self, reindex: _Optional[_Union[_search_pb2.Reindex, _Mapping]] = ...) -> None: ...

class HideHashtagRequest(_message.Message):
    __slots__ = ("tag",)
    TAG_FIELD_NUMBER: _ClassVar[int]
    tag: str
    def __init__(self, tag: _Optional[str] = ...) -> None: ...

class HideHashtagResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class UnhideHashtagRequest(_message.Message):
    __slots__ = ("tag",)
    TAG_FIELD_NUMBER: _ClassVar[int]
    tag: str
    def __init__(self, tag: _Optional[str] = ...) -> None: ...

class UnhideHashtagResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListHiddenHashtagsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListHiddenHashtagsResponse(_message.Message):
    __slots__ = ("tags", "next_page_token")
    TAGS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    tags: _containers.RepeatedScalarFieldContainer[str]
    next_page_token: str
    def __init__(self, tags: _Optional[_Iterable[str]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
