"""The posts of the search quality bench: real short texts out of a package, and posts of our own.

The source distribution of vaderSentiment (MIT) has 4,200 anonymous tweets. pip downloads it when
the bench runs, and checks its hash; none of its text is in this repository.

The texts have no times, authors and likes. These are drawn from a fixed seed, independently of the
judgements, so an order gains nothing by them: engagement and age are noise here.
"""

from __future__ import annotations

import asyncio
import html
import io
import random
import sys
import tarfile
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from bench.machine import ROOT
from services.chassis.runtime.ids import first_id_at
from services.chassis.text import entities, language
from services.search.domain.analysis import Entity, Hashtag, Link, Mention, analyze, encode_marks
from services.search.domain.posts.document import PostFacts, document_of
from services.search.domain.posts.model import Counts, IndexedPost, Visibility

FOLDER = ROOT / "bench" / "data" / "search_quality"
REQUIREMENT = (
    "vaderSentiment==3.3.2 "
    "--hash=sha256:5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9\n"
)
DOWNLOAD_SECONDS = 120
_TWEETS = ("hutto_ICWSM_2014.tar.gz", "hutto_ICWSM_2014/tweets_GroundTruth.txt")

NOW = datetime(2026, 11, 30, tzinfo=UTC)
_SEED = 12
_SPAN = timedelta(days=90)
_AUTHORS = 400


class Item(NamedTuple):
    """A text: its source (`tweets` or `posts`), its line there from 1, and its language."""

    source: str
    line: int
    text: str
    language: str

    @property
    def digest(self) -> str:
        """The SHA-256 of the text."""
        return sha256(self.text.encode()).hexdigest()


class DownloadFailed(Exception):
    """The package could not be downloaded, or is another one."""


async def items(folder: Path) -> list[Item]:
    """All texts. The package is downloaded into the folder."""
    tweets = [
        Item("tweets", number, text, language.detect(text))
        for number, text in enumerate(
            (html.unescape(line.split("\t")[2]) for line in (await _tweets(folder)).splitlines()), 1
        )
    ]
    own = (FOLDER / "posts.tsv").read_text(encoding="utf-8").splitlines()
    posts = [
        Item("posts", number, line.split("\t")[1], line.split("\t")[0])
        for number, line in enumerate(own, 1)
    ]
    return tweets + posts


def documents(texts: list[Item]) -> dict[int, tuple[Item, IndexedPost]]:
    """What the index has of each text, by the id of the post."""
    dice = random.Random(_SEED)
    shuffled = texts.copy()
    dice.shuffle(shuffled)
    found: dict[int, tuple[Item, IndexedPost]] = {}
    for place, item in enumerate(shuffled):
        post_id = first_id_at(NOW - _SPAN * (place / len(shuffled)))
        found[post_id] = item, _document(item, post_id, 1 + dice.randrange(_AUTHORS), _counts(dice))
    return found


def _counts(dice: random.Random) -> Counts:
    """Engagement with the long tail that posts have: most have next to none."""
    likes = int(dice.paretovariate(0.8)) - 1
    return Counts(likes=min(likes, 50_000), reposts=likes // 8, replies=likes // 10)


def _document(item: Item, post_id: int, author_id: int, counts: Counts) -> IndexedPost:
    found = [_entity(each) for each in entities.find(item.text)]
    analysis = analyze(item.text, found, item.language)
    facts = PostFacts(
        post_id=post_id,
        author_id=author_id,
        revision=1,
        language=item.language,
        visibility=Visibility.PUBLIC,
        has_links=any(isinstance(each, Link) for each in found),
        counts=counts,
    )
    return document_of(
        facts, words=analysis.words, terms=analysis.terms, marks=encode_marks(analysis.marks)
    )


def _entity(found: entities.Found) -> Entity:
    match found:
        case entities.FoundHandle(start, end):
            return Mention(start, end)
        case entities.FoundTag(start, end, tag):
            return Hashtag(start, end, tag)
        case entities.FoundLink(start, end, url):
            return Link(start, end, url)


async def _tweets(folder: Path) -> str:
    """The file of tweets out of the source distribution."""
    wanted = folder / "requirements.txt"
    wanted.write_text(REQUIREMENT)
    words = ["-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
    words += [
        "--no-binary=:all:",
        "--require-hashes",
        f"--dest={folder}",
        f"--requirement={wanted}",
    ]
    process = await asyncio.create_subprocess_exec(sys.executable, *words)
    try:
        code = await asyncio.wait_for(process.wait(), DOWNLOAD_SECONDS)
    except TimeoutError:
        process.kill()
        raise DownloadFailed("pip did not end in time") from None
    archives = list(folder.glob("*.tar.gz"))
    if code or len(archives) != 1:
        raise DownloadFailed("pip could not download vaderSentiment")
    inner, name = _TWEETS
    with tarfile.open(archives[0]) as package:
        member = next(each for each in package.getnames() if each.endswith(inner))
        nested = package.extractfile(member)
        assert nested is not None  # noqa: S101 - the hash says that it is a file
        with tarfile.open(fileobj=io.BytesIO(nested.read())) as texts:
            file = texts.extractfile(name)
            assert file is not None  # noqa: S101 - as above
            return file.read().decode("utf-8")
