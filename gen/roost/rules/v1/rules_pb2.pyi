from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import descriptor_pb2 as _descriptor_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class FieldRule(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FIELD_RULE_UNSPECIFIED: _ClassVar[FieldRule]
    FIELD_RULE_PAGE_SIZE: _ClassVar[FieldRule]
    FIELD_RULE_PAGE_TOKEN: _ClassVar[FieldRule]
    FIELD_RULE_REQUEST_ID: _ClassVar[FieldRule]
FIELD_RULE_UNSPECIFIED: FieldRule
FIELD_RULE_PAGE_SIZE: FieldRule
FIELD_RULE_PAGE_TOKEN: FieldRule
FIELD_RULE_REQUEST_ID: FieldRule
RULE_FIELD_NUMBER: _ClassVar[int]
rule: _descriptor.FieldDescriptor
DEMANDS_FIELD_NUMBER: _ClassVar[int]
demands: _descriptor.FieldDescriptor
