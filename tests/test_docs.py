"""The docs are run: every code block of README.md and docs/, and everything the reference must name.

    ```python                     executed, the blocks of a page in one namespace
    ```python title="main.py"     a file of the page's story; with change="name" it replaces that definition in it,
                                  with `broken` it must not compile
    ```console                    each `$` line is checked against the real command line, the extras, the targets
    ```sh                         must parse; its flyhot commands are checked too
    ```toml json html text        parsed, as far as there's a parser

The pages that tell a story with files (STORIES) are played for real: the server is started, a client stays connected
all the time, every command is run and must exit as the page says, and what the client sees must be what is printed.
"""

from __future__ import annotations

import ast
import gc
import json
import os
import re
import shlex
import subprocess
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

import click
import pytest

import flyhot_asgi
from flyhot_asgi.errors import FlyhotError
from flyhot_asgi.release.config import Settings, read_settings
from flyhot_asgi.release.history import Entry
from flyhot_deploy.cli.commands import cli
from flyhot_deploy.demo import story as demo_story
from flyhot_deploy.demo.command import demo_command
from flyhot_deploy.demo.ledger import Messages
from flyhot_deploy.demo.story import STEPS
from flyhot_deploy.demo.upgrades import Answer, tell
from flyhot_deploy.errors import Exit
from flyhot_deploy.local.outcome import lost_result
from flyhot_deploy.local.report import HistoryReport, PlanReport, UpgradeReport, failure

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "example_app/README.md"]
FENCE = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)|(?:href|src)=\"([^\"]+)\"")
PROGRAMS = {"cd", "mkdir", "python3", ".", "cp", "git"}


@dataclass(frozen=True)
class Block:
    """One fenced block: where it is, its language, the rest of its opening line, its text."""

    page: Path
    line: int
    language: str
    info: str
    text: str

    @property
    def title(self) -> str | None:
        found = re.search(r'title="([^"]+)"', self.info)
        return found[1] if found else None

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text("utf-8")
    return [
        Block(page, text.count("\n", 0, found.start()) + 1, found[1], found[2], found[3])
        for found in FENCE.finditer(text)
    ]


def commands_of(block: Block) -> list[str]:
    """The lines that a reader types."""
    if block.language == "sh":
        return [line.strip() for line in block.text.splitlines()]
    return [line[2:] for line in block.text.splitlines() if line.startswith("$ ")]


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


ALL_BLOCKS = [block for page in PAGES for block in blocks_of(page)]


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_python_blocks_of_a_page_run_in_order(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "templates").mkdir()
    namespace: dict[str, object] = {"__name__": "docs_page"}
    for block in blocks_of(page):
        if block.language != "python" or block.title:
            continue
        # Blank lines in front keep the page's own line numbers in tracebacks.
        source = "\n" * block.line + block.text
        exec(compile(source, str(block.page), "exec", dont_inherit=True), namespace)
    namespace.clear()  # what a page registers as a unit would live on, and be one of the tests after this
    gc.collect()


@pytest.mark.parametrize("block", [b for b in ALL_BLOCKS if b.title], ids=str)
def test_files_of_a_page_compile_unless_they_are_shown_broken(block: Block) -> None:
    source = "class _:\n" + block.text if block.text.startswith("    ") else block.text
    if "broken" in block.info:
        with pytest.raises(SyntaxError):
            ast.parse(source)
    else:
        ast.parse(source)


@pytest.mark.parametrize("block", [b for b in ALL_BLOCKS if b.language in ("console", "sh")], ids=str)
def test_commands_exist_with_their_options(block: Block) -> None:
    for line in commands_of(block):
        for words in simple_commands(line):
            check_command(words, str(block), console=block.language == "console")


def simple_commands(line: str) -> list[list[str]]:
    """A shell line cut at `&&`, `;` and the like; the words of its syntax left out."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    found: list[list[str]] = [[]]
    for word in lexer:
        if set(word) <= set("();<>|&"):
            found.append([])
        elif word not in ("if", "then", "else", "fi", "case", "esac", "in"):
            found[-1].append(word)
    return [words for words in found if words]


def check_command(words: list[str], where: str, *, console: bool) -> None:
    if words[:3] == ["python", "-m", "flyhot_deploy"]:
        check_flyhot(words[3:], where)
    elif words[:2] == ["pip", "install"]:
        for extra in re.findall(r"\[([\w,]+)\]", " ".join(words)):
            check_extras(extra.split(","), where)
    elif words[:1] == ["make"]:
        makefile = (ROOT / "Makefile").read_text("utf-8")
        assert re.search(rf"^{words[1]}:", makefile, re.MULTILINE), f"{where}: no target {words[1]}"
    elif words[:1] == ["uvicorn"] or words[:3] == ["python", "-m", "websockets"]:
        pass
    elif console:
        assert words[0] in PROGRAMS, f"{where}: what is {words[0]}?"


def check_flyhot(words: list[str], where: str) -> None:
    command: click.Command = cli
    while words and isinstance(command, click.Group) and not words[0].startswith("-"):
        found = named_command(words.pop(0))
        assert found is not None, f"{where}: no such command"
        command = found
    known = {option for parameter in command.params for option in parameter.opts} | {"--help", "-h"}
    # What follows `--` is another program's.
    for word in words[: words.index("--")] if "--" in words else words:
        assert not word.startswith("-") or word in known, f"{where}: {word} is no option of {command.name}"


def named_command(name: str) -> click.Command | None:
    return demo_command if name == "demo" else cli.commands.get(name)


def check_extras(names: list[str], where: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    known = set(project["optional-dependencies"]) | {"standard"}
    assert set(names) <= known, f"{where}: no extra {names}"


@pytest.mark.parametrize("block", [b for b in ALL_BLOCKS if b.language == "sh"], ids=str)
def test_shell_scripts_parse(block: Block) -> None:
    done = subprocess.run(["sh", "-n"], input=block.text, text=True, capture_output=True, check=False)
    assert done.returncode == 0, f"{block}: {done.stderr}"


@pytest.mark.parametrize("block", [b for b in ALL_BLOCKS if b.language == "json"], ids=str)
def test_json_blocks_parse(block: Block) -> None:
    json.loads(block.text)


@pytest.mark.parametrize("block", [b for b in ALL_BLOCKS if b.language == "toml"], ids=str)
def test_toml_blocks_are_settings_that_flyhot_accepts(block: Block, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(block.text, "utf-8")
    read_settings(tmp_path)


def test_no_block_is_in_a_language_that_nobody_checks() -> None:
    known = {"python", "console", "sh", "toml", "json", "html", "text"}
    assert not [str(block) for block in ALL_BLOCKS if block.language not in known]


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_lead_somewhere(page: Path) -> None:
    text = FENCE.sub("", page.read_text("utf-8"))
    for found in LINK.finditer(text):
        target = next(filter(None, found.groups()))
        if re.match(r"https?:|mailto:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), f"{page_id(page)}: {target} leads nowhere"
        if anchor:
            heads = re.findall(r"^#+ (.*)$", linked.read_text("utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}
            assert anchor in anchors, f"{page_id(page)}: {target}: no such heading"


def test_every_page_is_reached_from_the_index() -> None:
    seen, todo = set(), [ROOT / "docs/index.md"]
    while todo:
        page = todo.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        for found in LINK.finditer(page.read_text("utf-8")):
            path = next(filter(None, found.groups())).partition("#")[0]
            if path and not path.startswith("http"):
                todo.append((page.parent / path).resolve())
    missing = [page_id(page) for page in (ROOT / "docs").rglob("*.md") if page not in seen]
    assert not missing


def reference(name: str) -> str:
    return (ROOT / "docs/reference" / f"{name}.md").read_text("utf-8")


def commands() -> dict[str, click.Command]:
    return {**cli.commands, "demo": demo_command}


@pytest.mark.parametrize("name", commands())
def test_every_command_and_option_is_in_the_reference(name: str) -> None:
    page = reference("cli")
    found = re.search(rf"^## `{name}\b.*?(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, f"docs/reference/cli.md has no section on {name}"
    for parameter in commands()[name].params:
        if isinstance(parameter, click.Option):
            assert parameter.opts[0] in found[0], f"{parameter.opts[0]} of {name} is not documented"
    told = set(re.findall(r"`(--[\w-]+)", found[0]))
    real = {option for parameter in commands()[name].params for option in parameter.opts}
    assert told <= real, f"{sorted(told - real)} of {name} do not exist"


def test_every_exit_code_is_in_the_reference() -> None:
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", reference("exit-codes"), re.MULTILINE)}
    assert told == {int(code) for code in Exit}


def test_every_setting_is_in_the_reference_with_its_default() -> None:
    table = tomllib.loads(
        next(b.text for b in blocks_of(ROOT / "docs/reference/configuration.md") if b.language == "toml")
    )["tool"]["flyhot"]
    assert set(table) == {field.name for field in fields(Settings)}
    for field in fields(Settings):
        if isinstance(field.default, float):
            assert table[field.name] == field.default, field.name


def test_every_field_of_the_documents_is_in_the_reference() -> None:
    entry = Entry(1, "2026-01-01T00:00:00+00:00", "base", "a", None, "complete")
    error = FlyhotError("something").document()
    documents = [
        UpgradeReport("hot", Exit.FAILED, "failed", "a", "b").document(),
        PlanReport(Exit.FAILED, "failed", "a", "b").document(),
        HistoryReport((entry,), "a").document(),
        failure(FlyhotError("something")).document(),
        lost_result(1, "a", "b", "went away", None),
        entry.document(),
        error,
    ]
    page = reference("json")
    told = set(re.findall(r"`(\w+)`", page)) | set(re.findall(r'"(\w+)"', page))
    assert {key for document in documents for key in document} <= told
    assert {key for key, value in _demo_document().items() if value is not None} <= told


def _demo_document() -> dict[str, object]:
    step = tell(STEPS[0], Answer(0, {}, 1.0), ("2",))
    document = demo_story.Report(demo_story.Options(), Messages(), (), (step,), 1.0).document()
    return {**document, **document["messages"], **step.as_document(), "problem": "", "error": ""}


def test_every_public_name_is_in_the_reference() -> None:
    page = reference("python")
    missing = [name for name in flyhot_asgi.__all__ if not re.search(rf"`{name}\b", page)]
    assert not missing


@pytest.mark.parametrize("kind", ["README.md", "CHANGELOG.md", "LICENSE"])
def test_a_newcomer_finds_what_belongs_to_a_project(kind: str) -> None:
    assert (ROOT / kind).stat().st_size > 500


def test_the_changelog_knows_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert re.search(rf"^## {re.escape(version)}\b", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)


def test_nobody_finds_a_path_of_somebodys_machine_in_the_docs() -> None:
    for page in [*PAGES, ROOT / "CHANGELOG.md"]:
        assert not re.search(r"/(?:home|root|Users|work|tmp)/", page.read_text("utf-8")), page_id(page)
    assert os.sep == "/"
