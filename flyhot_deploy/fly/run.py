"""Run the fly CLI: never through a shell, both streams drained at once, ended when we are cancelled."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .errors import FlyctlFailed, FlyctlMissing, ImageMissing, TimedOut
from .flyctl import Build, Errand, Ran, built_image, clean, image_is_missing, launched, shown

SILENT_SECONDS = 300.0
"""A build that says nothing for this long hangs."""

REGISTRY_SECONDS = 45.0
"""How long an image that was just pushed may be missing: some 15 seconds were seen."""

LINE_LIMIT = 32 * 1024 * 1024
END_SECONDS = 10.0

Say = Callable[[str], None]


def find_fly(environment: Mapping[str, str]) -> str:
    """The fly CLI: $FLYHOT_FLY, `fly` or `flyctl` on PATH. Raises FlyctlMissing."""
    named = environment.get("FLYHOT_FLY")
    for name in (named,) if named else ("fly", "flyctl"):
        if name and (found := shutil.which(name, path=environment.get("PATH"))):
            return found
    raise FlyctlMissing(
        f"there is no {named or 'fly'} on PATH", do="install it: https://fly.io/docs/flyctl/install/, or use --local"
    )


class Flyctl:
    """One fly CLI, its working folder and its environment (which holds the token; it is on no command line)."""

    def __init__(self, fly: str, folder: Path, environment: Mapping[str, str]) -> None:
        self.fly = fly
        self.folder = folder
        self._environment = {**environment, "NO_COLOR": "1", "FLY_NO_UPDATE_CHECK": "1"}

    async def build(self, build: Build, say: Say) -> str:
        """Build and push; returns the image's name. Raises FlyctlFailed, TimedOut (silent too long)."""
        argv = build.argv(self.fly)
        ran = await self.run(argv, say)
        if ran.status != 0:
            raise FlyctlFailed(
                f"the image could not be built: {ran.reason}",
                do=f"see what {shown(argv)} says; nothing was changed",
                detail="\n".join(ran.lines[-20:]),
            )
        image = built_image(ran.lines)
        if image is None:
            raise FlyctlFailed(
                "fly built nothing: it printed no `image:` line",
                do="with [build] image in fly.toml, name it: hot --skip-build --image IMAGE",
                detail="\n".join(ran.lines[-20:]),
            )
        return image

    async def errand(self, errand: Errand, say: Say, *, patience: float = REGISTRY_SECONDS) -> Ran:
        """Run a command on a temporary machine; whatever it ended with is returned.

        Only a launch is tried again, and only for an image that the registry does not have yet. Raises ImageMissing,
        FlyctlFailed (no machine could be launched).
        """
        argv = errand.argv(self.fly)
        loop = asyncio.get_running_loop()
        end, delay = loop.time() + patience, 1.0
        while True:
            ran = await self.run(argv, say)
            if launched(ran.lines) or ran.status == 0:
                return ran
            missing = image_is_missing(ran.lines)
            if not missing or loop.time() + delay > end:
                kind = ImageMissing if missing else FlyctlFailed
                raise kind(
                    f"no temporary machine could be launched: {ran.reason}",
                    do="nothing was changed; see what it says, then run this again",
                    detail="\n".join(ran.lines[-20:]),
                )
            await asyncio.sleep(delay * random.uniform(0.75, 1.0))
            delay = min(8.0, delay * 2)

    async def run(self, argv: Sequence[str], say: Say) -> Ran:
        """Run it to its end. `say` hears each line as it comes. Cancelling ends it (SIGINT, as Ctrl-C does)."""
        process = await asyncio.create_subprocess_exec(
            *argv,
            cwd=self.folder,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=LINE_LIMIT,
            start_new_session=True,
        )
        lines: list[str] = []
        stirred = asyncio.Event()

        async def drain(stream: asyncio.StreamReader) -> None:
            while data := await stream.readline():
                stirred.set()
                line = clean(data.decode("utf-8", "replace"))
                lines.append(line)
                say(line)

        assert process.stdout is not None and process.stderr is not None
        both = asyncio.gather(drain(process.stdout), drain(process.stderr))
        try:
            while not both.done():
                stirred.clear()
                await self._until_stirred(both, stirred, argv)
            await both
            return Ran(await process.wait(), tuple(lines))
        finally:
            both.cancel()
            with contextlib.suppress(asyncio.CancelledError, ValueError):
                await both
            await _end(process)

    async def _until_stirred(
        self, both: asyncio.Future[tuple[None, None]], stirred: asyncio.Event, argv: Sequence[str]
    ) -> None:
        waiter = asyncio.ensure_future(stirred.wait())
        either: set[asyncio.Future[Any]] = {both, waiter}
        try:
            done, _ = await asyncio.wait(either, timeout=SILENT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiter.cancel()
        if not done:
            raise TimedOut(f"{shown(argv[:3])} has said nothing for {SILENT_SECONDS:g} s", do="run this again")


async def _end(process: asyncio.subprocess.Process) -> None:
    """SIGINT first: then fly itself destroys the machine that it made."""
    for sign in (signal.SIGINT, signal.SIGKILL):
        if process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                await process.wait()
