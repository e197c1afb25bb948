"""`roost seed`: creates users, follows and posts through the public edge."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar
from uuid import uuid4

from PIL import Image
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from local import drawings
from local.edge import Account, Edge, Refused
from local.graph import Graph

BUSY = (429, 503, 504)
SIGN_UPS = 4  # a password hash takes a core for 0.25 s; more would queue
CONCURRENCY = 24  # enough to keep two cores busy; more would queue at the edge
UPLOADS = 3  # the worker processes two files at once
PICTURED = 0.1  # the share of posts with media
MAX_MEDIA = 30  # of one run: a picture takes half a second of a core, a clip more
MAX_AVATARS = 20

Item = TypeVar("Item")
Result = TypeVar("Result")

OPENINGS = ("Morning thought", "Question", "Note to self", "Small win", "Overheard", "Reading")
SUBJECTS = ("coffee", "gardens", "night trains", "maps", "bread", "type systems", "birds", "chess")
ENDINGS = ("again.", "and nothing else.", "before noon.", "with friends.", "at last.", "for once.")
# So that searches, languages and trends have something to show.
OTHER_LANGUAGES = (
    "Heute Morgen war der Garten voller Vögel, und der Kaffee noch warm. #garten",
    "Der letzte Zug fährt um halb zwölf, danach bleibt nur der Nachtbus.",
    "Ce matin, le pain sortait du four quand je suis passé devant la boulangerie. #pain",
    "Qui a une bonne carte de la vieille ville ?",
    "Hoy aprendí una apertura nueva y perdí igual. #ajedrez",
    "El café de la esquina cierra los lunes, qué tristeza.",
    "今朝は庭で小さな鳥を見ました。 #野鳥",
    "夜行列車の窓から見る町の灯りが好きです。",
    "오늘은 도서관에서 하루를 보냈어요. #독서",
    "В саду снова поют птицы, а кофе остывает на окне. #птицы",
    "Hoje o pão ficou perfeito, finalmente. #pão",
    "قرأت اليوم كتابا جميلا عن الخرائط القديمة. #كتب",
)


async def each(
    progress: Progress,
    title: str,
    items: Iterable[Item],
    act: Callable[[Item], Awaitable[Result]],
    *,
    at_once: int = CONCURRENCY,
) -> list[Result]:
    """Call ``act`` for all items, ``at_once`` at a time; show progress; return results in order."""
    todo = list(items)
    bar = progress.add_task(title, total=len(todo))
    places = asyncio.Semaphore(at_once)

    async def one(item: Item) -> Result:
        async with places:
            result = await act(item)
        progress.advance(bar)
        return result

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(item)) for item in todo]
    return [task.result() for task in tasks]


def progress_bar() -> Progress:
    """Return the progress display of all steps."""
    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeRemainingColumn())


def password_of(prefix: str, person: int, secret: str) -> str:
    """Derive the password of a seeded user, so that a second run can sign in."""
    return hashlib.sha256(f"{secret}:{prefix}:{person}".encode()).hexdigest()[:24]


async def sign_up(
    edge: Edge, progress: Progress, people: int, *, prefix: str, secret: str
) -> list[Account]:
    """Register users named prefix0, prefix1 …; sign in those who exist."""
    # Keys are new in each run: a replay of an earlier run would return expired tokens.
    run = uuid4().hex

    async def one(person: int) -> Account:
        handle, password = f"{prefix}{person}", password_of(prefix, person, secret)
        try:
            return await retrying(lambda: edge.register(handle, password, key=f"{run}-{person}"))
        except Refused as refusal:
            if refusal.reason != "HANDLE_TAKEN":
                raise
        return await retrying(lambda: edge.sign_in(handle, password))

    return await each(progress, "people", range(people), one, at_once=SIGN_UPS)


async def follow_all(edge: Edge, progress: Progress, accounts: list[Account], graph: Graph) -> None:
    """Make every follow of the graph."""

    async def one(pair: tuple[int, int]) -> None:
        follower, followee = pair
        await retrying(lambda: edge.follow(accounts[follower], accounts[followee].user_id))

    await each(progress, "follows", graph.follows, one)


async def post_all(
    edge: Edge, progress: Progress, accounts: list[Account], posts: int, *, seed: int = 1
) -> list[str]:
    """Write posts of random users and return their ids."""
    dice = random.Random(seed)  # noqa: S311  sample content, not a secret
    drawn = [(dice.randrange(len(accounts)), sentence(dice, accounts)) for _ in range(posts)]

    async def one(choice: tuple[int, str]) -> str:
        author, text = choice
        key = f"seed-{uuid4().hex}"
        return str((await retrying(lambda: edge.post(accounts[author], text, key=key)))["id"])

    return await each(progress, "posts", drawn, one)


async def draw_profiles(edge: Edge, progress: Progress, accounts: list[Account]) -> None:
    """Give the first users profile pictures, and banners to some of them."""

    async def one(person: int) -> None:
        by = accounts[person]
        profile = await edge.call("GET", f"/v2/users/{by.user_id}", by=by)
        if profile["avatar_media_id"]:
            return  # of an earlier run
        face = drawings.landscape(person, width=400, height=400)
        changes = {"avatar_media_id": await _upload_picture(edge, by, face, "A sun over hills")}
        if person % 4 == 0:
            wide = drawings.landscape(person + 1, width=1500, height=500)
            changes["banner_media_id"] = await _upload_picture(edge, by, wide, "A wide view")
        await retrying(lambda: edge.call("PATCH", "/v2/users/me", by=by, body=changes))

    people = range(min(len(accounts), MAX_AVATARS))
    await each(progress, "profiles", people, one, at_once=UPLOADS)


async def post_media(
    edge: Edge, progress: Progress, accounts: list[Account], posts: int, *, seed: int = 1
) -> list[str]:
    """Write posts with pictures, animations, clips and sounds, and return their ids."""
    dice = random.Random(f"media {seed}")  # noqa: S311  sample content, not a secret
    authors = [dice.randrange(len(accounts)) for _ in range(posts)]

    async def one(number: int) -> str:
        by, text = accounts[authors[number]], sentence(dice, accounts)
        media = [await _upload_drawing(edge, by, each) for each in _drawings(number)]
        key = f"seed-{uuid4().hex}"
        return str((await retrying(lambda: edge.post(by, text, media_ids=media, key=key)))["id"])

    return await each(progress, "media", range(posts), one, at_once=UPLOADS)


def _drawings(number: int) -> list[tuple[bytes, str, str]]:
    """The files of one post, with content types and descriptions: mostly pictures."""
    match number % 10:
        case 3:
            return [(drawings.gif(number), "image/gif", "A ball goes round and round")]
        case 6:
            return [(drawings.clip(number), "video/mp4", "A ball circles while a tone sounds")]
        case 9:
            return [(drawings.sound(number), "audio/wav", "A tone that rises and falls")]
        case _:
            pictures = [drawings.landscape(1000 * number + each) for each in range(1 + number % 4)]
            return [(drawings.jpeg(each), "image/jpeg", "Hills below a sun") for each in pictures]


async def _upload_picture(edge: Edge, by: Account, picture: Image.Image, alt_text: str) -> str:
    return await _upload_drawing(edge, by, (drawings.jpeg(picture), "image/jpeg", alt_text))


async def _upload_drawing(edge: Edge, by: Account, drawing: tuple[bytes, str, str]) -> str:
    file, content_type, alt_text = drawing
    key = f"seed-{uuid4().hex}"
    medium = await retrying(lambda: edge.upload(by, file, content_type, alt_text=alt_text, key=key))
    return str(medium["id"])


def sentence(dice: random.Random, accounts: list[Account]) -> str:
    """Make a short text, sometimes with a hashtag or a mention, sometimes in another language."""
    if dice.random() < 0.15:
        return dice.choice(OTHER_LANGUAGES)
    subject = dice.choice(SUBJECTS)
    words = [dice.choice(OPENINGS) + ":", subject, dice.choice(ENDINGS)]
    if dice.random() < 0.3:
        words.append("#" + subject.replace(" ", "_"))
    if dice.random() < 0.1:
        words.append("@" + dice.choice(accounts).handle)
    return " ".join(words)


async def retrying(act: Callable[[], Awaitable[Result]], *, tries: int = 6) -> Result:
    """Call ``act``; wait and repeat it if the edge is busy.

    Only for idempotent calls: follows, sign-ins, and creations with an idempotency key.
    """
    for attempt in range(tries):
        try:
            return await act()
        except Refused as refusal:
            busy = refusal.status in BUSY or refusal.reason == "IDEMPOTENCY_KEY_IN_FLIGHT"
            if not busy or attempt == tries - 1:
                raise
        await asyncio.sleep(0.2 * 2**attempt)
    raise AssertionError("unreachable: the last try returns or raises")
