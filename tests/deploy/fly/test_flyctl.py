"""The fly CLI: argument lists as data, what is read from its output, and the process that runs it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from flyhot_deploy.fly.errors import FlyctlFailed, FlyctlMissing, ImageMissing
from flyhot_deploy.fly.flyctl import Build, Errand, Ran, built_image, clean, launched, mark, marked, remote_status
from flyhot_deploy.fly.run import Flyctl, find_fly

ERRAND = Errand("app", "img:1", ("python", "-m", "x", "a b"), {"PORT": "8080"}, region="ams", made=1000)


def test_the_command_lines() -> None:
    build = Build(app="app", config="fly.prod.toml", build_args=("A=1", "B=2"), no_cache=True, buildkit=True)
    assert build.argv("fly") == (
        "fly deploy --build-only --push -a app -c fly.prod.toml --build-arg A=1 --build-arg B=2 --no-cache --buildkit"
    ).split(" ")
    assert Build().argv("fly") == ["fly", "deploy", "--build-only", "--push"]
    argv = ERRAND.argv("fly")
    assert argv[:8] == ["fly", "machine", "run", "img:1", "-a", "app", "--shell", "--command"]
    assert argv[8] == "python -m x 'a b'"
    assert argv[9:] == ("--vm-memory 1024 -m flyhot_role=orchestrator -m flyhot_made=1000 -r ams -e PORT=8080".split())


@pytest.mark.parametrize(
    ("lines", "image"),
    [
        (["==> Building image", "image: registry.fly.io/a:d-1", "image size: 45 MB"], "registry.fly.io/a:d-1"),
        (["image: registry.fly.io/a:d@sha256:00"], "registry.fly.io/a:d"),
        (["Image: registry.fly.io/a:d"], None),
        (["image size: 45 MB", "the image: x"], None),
    ],
)
def test_the_built_image_is_found_wherever_it_is_printed(lines: list[str], image: str | None) -> None:
    assert built_image(lines) == image


def test_a_pty_s_lines_are_cleaned_and_our_lines_found_among_them() -> None:
    lines = [clean("\x1b[32mhello\x1b[0m\r\n"), clean(mark("result", {"exit": 3}) + "\r\n"), "::flyhot::result {broken"]
    assert lines[0] == "hello" and marked(lines, "result") == {"exit": 3}
    assert marked(["x ::flyhot::result {}"], "result") is None and marked(lines, "other") is None


def test_the_status_behind_shell() -> None:
    assert remote_status(Ran(1, ("Error: console: ssh shell: Process exited with status 75",))) == 75
    assert remote_status(Ran(1, ("Error: boom",))) == 1 and remote_status(Ran(0, ())) == 0
    assert launched(["Success! A Machine has been successfully launched in app A"]) and not launched(["Error: x"])


def script(folder: Path, body: str) -> Flyctl:
    path = folder / "fly"
    path.write_text(f"#!{sys.executable}\nimport os, sys, time\n{body}")
    path.chmod(0o755)
    return Flyctl(str(path), folder, {"PATH": os.environ["PATH"]})


def quiet(_: str) -> None:
    return None


async def test_both_streams_are_drained_at_once(tmp_path: Path) -> None:
    fly = script(
        tmp_path,
        "for i in range(3000):\n    print('o' * 100); print('e' * 100, file=sys.stderr)\n"
        "print('image: r/a:1@sha256:0', file=sys.stderr)",
    )
    assert await fly.build(Build(), quiet) == "r/a:1"


async def test_a_failed_build_says_why(tmp_path: Path) -> None:
    fly = script(tmp_path, "print('Error: unknown flag: --x', file=sys.stderr); sys.exit(1)")
    with pytest.raises(FlyctlFailed, match="unknown flag: --x") as caught:
        await fly.build(Build(), quiet)
    assert "nothing was changed" in str(caught.value.do)
    with pytest.raises(FlyctlFailed, match="no `image:` line"):
        await script(tmp_path, "print('done')").build(Build(), quiet)


async def test_only_a_missing_image_is_waited_for(tmp_path: Path) -> None:
    fly = script(
        tmp_path,
        "seen = os.path.exists('tried'); open('tried', 'a').write('x')\n"
        "if not seen:\n    print('Error: MANIFEST_UNKNOWN: manifest unknown'); sys.exit(1)\n"
        "print('Success! A Machine has been successfully launched in app a'); print(sys.argv[1:])\nsys.exit(1)",
    )
    ran = await fly.errand(ERRAND, quiet)
    assert ran.status == 1 and launched(ran.lines) and (tmp_path / "tried").read_text() == "xx"
    (tmp_path / "tried").unlink()
    with pytest.raises(ImageMissing):
        await script(tmp_path, "sys.exit('Error: Could not find image \"x\"')").errand(ERRAND, quiet, patience=0.5)
    once = script(tmp_path, "open('tried', 'a').write('x'); sys.exit('Error: no capacity')")
    with pytest.raises(FlyctlFailed, match="no capacity"):
        await once.errand(ERRAND, quiet)
    assert (tmp_path / "tried").read_text() == "x"


def test_no_fly_at_all(tmp_path: Path) -> None:
    with pytest.raises(FlyctlMissing, match="no fly on PATH"):
        find_fly({"PATH": str(tmp_path)})
