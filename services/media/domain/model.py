"""The model of the Media service: media, their uploads and folders, and the work that is due."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import NamedTuple, Protocol

from services.media.domain.processing import Kind, Processed


class MediumState(IntEnum):
    """The processing state of a medium, numbered as in the contract. READY and FAILED are final."""

    PROCESSING = 1
    READY = 2
    FAILED = 3
    WAITING = 4


class Use(IntEnum):
    """What a medium is attached to, numbered as in the contract."""

    POST = 1
    AVATAR = 2
    BANNER = 3


class Access(StrEnum):
    """Who may read a folder; the value is the first segment of its path."""

    OPEN = "m"  # everyone
    CLOSED = "p"  # clients with a token of the folder


class FocalPoint(NamedTuple):
    """A point of a picture, from -1 to 1: left to right, and bottom to top."""

    x: float
    y: float


class Claim(NamedTuple):
    """What a medium is attached to. A claim is provisional until the event of the write arrives."""

    use: Use
    post_id: int  # 0 for profile pictures and banners
    # Identifies the write: the same for every attempt of it.
    key: str
    claim_time: datetime
    confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """A medium as it is stored."""

    id: int
    owner_id: int
    state: MediumState = MediumState.WAITING
    # The name of an ErrorReason; empty unless FAILED.
    failure: str = ""
    declared_type: str
    # Of the upload.
    size_bytes: int
    alt_text: str = ""
    focal_point: FocalPoint | None = None
    # What processing made; None unless READY.
    processed: Processed | None = None
    # Percent. It changes without a new version.
    progress: int = 0
    # Grows by one with each change of what the contract's Medium shows.
    version: int = 1
    create_time: datetime
    # When it is deleted if it is not attached; None while it is.
    expire_time: datetime | None
    claim: Claim | None = None
    # Whether everyone may read it. The folder follows by a placement.
    open: bool = False
    # The path of the folder, such as `p/KEY`; empty unless READY.
    folder: str = ""

    @property
    def etag(self) -> str:
        """Identifies the version."""
        return str(self.version)

    @property
    def kind(self) -> Kind | None:
        """The kind; None until processing has looked at the bytes."""
        return None if self.processed is None else self.processed.kind

    @property
    def content_type(self) -> str:
        """As detected from the bytes; as declared before."""
        return self.declared_type if self.processed is None else self.processed.content_type

    @property
    def stored_bytes(self) -> int:
        """The size of all files; of the upload as long as there are none."""
        if self.processed is None:
            return 0 if self.state is MediumState.FAILED else self.size_bytes
        return sum(each.size_bytes for each in self.processed.files)

    @property
    def misplaced(self) -> bool:
        """Whether the folder disagrees with the audience."""
        return bool(self.folder) and self.open is not self.folder.startswith(f"{Access.OPEN}/")

    def attached(self, claim: Claim) -> "Medium":
        """The medium with this claim to the same post or profile, in the same version."""
        return replace(self, claim=claim)

    def changed(self, **fields: object) -> "Medium":
        """The medium with these fields, in its next version."""
        return replace(self, version=self.version + 1, **fields)  # type: ignore[arg-type]


class UploadState(IntEnum):
    """The state of an upload."""

    OPEN = 1  # parts may arrive
    COMPLETING = 2  # the object store was requested to join the parts; it may have done so
    COMPLETE = 3  # the object exists
    DOOMED = 4  # whatever the object store holds of it is to be deleted


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """The bytes that a client uploads. The row exists longer than the bytes in the object store."""

    medium_id: int
    owner_id: int
    # The key of the object: `u/…`.
    object_key: str
    # The object store's id of the multipart upload; empty until it was created.
    multipart_id: str = ""
    state: UploadState = UploadState.OPEN
    size_bytes: int
    part_bytes: int
    create_time: datetime
    # When it is discarded if it is not complete.
    expire_time: datetime
    # Not before this time is a doomed upload deleted.
    delete_after: datetime | None = None

    @property
    def part_sizes(self) -> list[int]:
        """The size of each part, in order."""
        whole, rest = divmod(self.size_bytes, self.part_bytes)
        return [self.part_bytes] * whole + [rest] * (rest > 0)

    def doomed(self, delete_after: datetime) -> "Upload":
        """The upload as DOOMED."""
        return replace(self, state=UploadState.DOOMED, delete_after=delete_after)


class ReceivedPart(NamedTuple):
    """A part that the object store received."""

    number: int  # from 1
    size_bytes: int
    etag: str


class Usage(NamedTuple):
    """What an owner uploaded on one day (UTC)."""

    bytes: int = 0
    uploads: int = 0


class ProcessingJob(NamedTuple):
    """A medium to process, as leased by one worker."""

    medium_id: int
    owner_id: int
    # The kind that the declared type promises.
    kind: Kind
    holder: str
    # How often it was leased, this lease included. With the holder it identifies the lease.
    attempts: int
    lease_end: datetime
    # When the medium fails if it is not processed by then.
    deadline: datetime


# How long a writer may take for the files of a folder. A folder that is doomed while it is WRITING
# is not deleted before: no object is written after its row is gone.
WRITING_TIME = timedelta(hours=1)


class FolderState(IntEnum):
    """The state of a folder."""

    WRITING = 1  # files are being written; nobody has its address
    LIVE = 2  # the folder of its medium
    DOOMED = 3  # its files are deleted from `delete_after` on


class Folder(NamedTuple):
    """The place of a medium's files in the object store."""

    key: str
    owner_id: int
    medium_id: int
    access: Access
    state: FolderState
    # The names of its files.
    files: tuple[str, ...]
    create_time: datetime
    delete_after: datetime | None = None

    @property
    def path(self) -> str:
        """The prefix of its objects, as in `Medium.folder`."""
        return f"{self.access}/{self.key}"

    def ends_earlier(self, delete_after: datetime) -> bool:
        """Whether a folder that was published would end earlier if it were deleted then."""
        if self.state is FolderState.DOOMED and self.delete_after is not None:
            return delete_after < self.delete_after
        return self.state is FolderState.LIVE

    def doomed(self, delete_after: datetime) -> "Folder":
        """The folder once its files are to be deleted then: not later than was decided before, and
        not while it may still be written."""
        if self.delete_after is not None:
            delete_after = min(delete_after, self.delete_after)
        elif self.state is FolderState.WRITING:
            delete_after = max(delete_after, self.create_time + WRITING_TIME)
        return self._replace(state=FolderState.DOOMED, delete_after=delete_after)


class Purge(NamedTuple):
    """A folder that caches must drop, as leased by one worker."""

    folder: str  # path
    owner_id: int
    files: tuple[str, ...]
    attempts: int
    lease_end: datetime


class Placement(NamedTuple):
    """A medium whose folder may have to be replaced, as leased by one worker."""

    medium_id: int
    owner_id: int
    # Whether the folder is replaced although its access is right: its addresses must end.
    renew: bool
    # Grows with each request: a request that arrives during the work is not lost.
    request: int
    attempts: int
    lease_end: datetime


class AccountState(NamedTuple):
    """What is known of an account, according to its profile or deletion at `update_time`."""

    protected: bool
    update_time: datetime
    deleted: bool = False


class Decider(NamedTuple):
    """An account whose protection closes the audience of a post."""

    user_id: int
    # Whether it counts as protected after the account is deleted.
    was_protected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PostAudience:
    """What decides whether everyone may see a post."""

    post_id: int
    owner_id: int
    # Of the post: an older revision never replaces a newer one.
    revision: int
    # Whether the visibility of the post and of every audience limit is public.
    public: bool
    # The author, and the authors of the audience limits.
    deciders: tuple[Decider, ...]

    def is_open(self, accounts: Mapping[int, AccountState]) -> bool:
        """Whether everyone may see the post. `accounts` are those of the deciders; an absent one
        was never protected."""
        return self.public and not any(
            _closes(each, accounts.get(each.user_id)) for each in self.deciders
        )


def _closes(decider: Decider, account: AccountState | None) -> bool:
    if account is None:
        return False
    return decider.was_protected if account.deleted else account.protected


class Ids(Protocol):
    """Makes ids that sort by time."""

    async def make(self, bucket: int) -> int:
        """A new id in the bucket."""
        ...
