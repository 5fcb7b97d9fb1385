"""The pages that tell a story are played for real, by the word: see `play`."""

from __future__ import annotations

import ast
import asyncio
import re
import sys
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect

from .test_docs import ROOT, Block, blocks_of, commands_of

STORIES = [ROOT / "README.md", ROOT / "docs/tutorial.md"]
pytestmark = pytest.mark.e2e


class Played:
    """The page's folder, the running server, the client that stays."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server: asyncio.subprocess.Process | None = None
        self.client: ClientConnection | None = None
        self.port = 0
        self.commands = 0
        self.said = 0

    async def play(self, block: Block) -> None:
        if block.title:
            self.write(block)
        elif block.language == "console":
            for command in commands_of(block):
                await self.command(command, block)
            await self.talk(block)

    def write(self, block: Block) -> None:
        """A whole file, or the definition named by change="…" in it replaced."""
        assert block.title is not None
        path = self.folder / block.title
        changed = re.search(r'change="(\w+)"', block.info)
        if changed is None:
            path.write_text(block.text, "utf-8")
            return
        lines = path.read_text("utf-8").splitlines(keepends=True)
        node = definition(ast.parse("".join(lines)), changed[1])
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        lines[first - 1 : node.end_lineno] = [block.text]
        path.write_text("".join(lines), "utf-8")

    async def command(self, command: str, block: Block) -> None:
        words = command.split()
        if words[0] == "uvicorn":
            await self.start(words[1:])
        elif words[:3] == ["python", "-m", "flyhot_deploy"] and self.server is not None:
            expected = int(found[1]) if (found := re.search(r"exit=(\d+)", block.info)) else 0
            code, said = await self.run(*words[1:])
            assert code == expected, f"{block}: {command} exited with {code}\n{said}"
            self.commands += 1

    async def run(self, *arguments: str) -> tuple[int | None, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            cwd=self.folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        printed, _ = await asyncio.wait_for(process.communicate(), 60)
        return process.returncode, printed.decode("utf-8", "replace")

    async def start(self, arguments: list[str]) -> None:
        self.server = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "uvicorn", *arguments, "--host", "127.0.0.1", "--port", "0"),
            cwd=self.folder,
            stderr=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
        )
        assert self.server.stderr is not None
        said = b""
        async for line in self.server.stderr:
            said += line
            if found := re.search(rb"running on http://127\.0\.0\.1:(\d+)", line):
                self.port = int(found[1])
                return
        pytest.fail(said.decode("utf-8", "replace"))

    async def talk(self, block: Block) -> None:
        """`> …` is sent, `< …` must come back, on one connection from the first to the last."""
        for line in block.text.splitlines():
            if line[:2] not in ("> ", "< "):
                continue
            if self.client is None:
                path = re.search(r"ws://127\.0\.0\.1:8000(/\S*)", block.page.read_text("utf-8"))
                assert path is not None
                self.client = await connect(f"ws://127.0.0.1:{self.port}{path[1]}", compression=None)
            if line.startswith("> "):
                await self.client.send(line[2:])
            else:
                answer = await asyncio.wait_for(self.client.recv(), 10)
                assert answer == line[2:], f"{block}: the page says {line[2:]!r}"
                self.said += 1

    async def end(self) -> None:
        if self.client is not None:
            await self.client.close()
        if self.server is not None:
            self.server.terminate()
            await self.server.communicate()


def definition(tree: ast.Module, name: str) -> ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef:
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return next(node for node in ast.walk(tree) if isinstance(node, kinds) and node.name == name)


@pytest.mark.parametrize("page", STORIES, ids=lambda page: page.name)
async def test_the_story_happens_as_it_is_told(page: Path, tmp_path: Path) -> None:
    played = Played(tmp_path)
    try:
        for block in blocks_of(page):
            await played.play(block)
    finally:
        await played.end()
    assert played.commands and played.said >= 2
