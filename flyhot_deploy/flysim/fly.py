"""A fake `fly`: the commands that a hot deploy uses, with the flags that the real one documents, and no other.

Standard library only, so that it starts in a moment. It speaks with the simulator at $FLYSIM_URL.
"""

from __future__ import annotations

import json
import os
import sys
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

DEPLOY_VALUES = frozenset("-a --app -c --config --build-arg --image-label --dockerfile -e --env -i --image".split())
DEPLOY_SWITCHES = frozenset("--build-only --push --no-cache --buildkit --remote-only --local-only --detach -y".split())
RUN_VALUES = frozenset(
    "-a --app -c --config -e --env -n --name -r --region -m --metadata --command --vm-memory --vm-size --restart "
    "--entrypoint --user --file-local --file-literal -t --access-token".split()
)
RUN_SWITCHES = frozenset("--shell --rm --detach --skip-dns-registration".split())
LIST_VALUES = frozenset("-a --app -c --config".split())
LIST_SWITCHES = frozenset("-j --json -q --quiet".split())
SHORT = {"-a": "--app", "-c": "--config", "-e": "--env", "-m": "--metadata", "-r": "--region", "-n": "--name"}


class Words:
    """A command line in parts: flags with their values, and the rest."""

    def __init__(self, words: Sequence[str], values: frozenset[str], switches: frozenset[str]) -> None:
        self.flags: dict[str, list[str]] = {}
        self.rest: list[str] = []
        left = list(words)
        while left:
            word = left.pop(0)
            if word == "--":
                self.rest += left
                break
            name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
            if name in values:
                if not equals:
                    if not left:
                        fail(f"flag needs an argument: {name}")
                    value = left.pop(0)
                self.flags.setdefault(SHORT.get(name, name), []).append(value)
            elif name in switches:
                self.flags.setdefault(name, []).append(value or "true")
            elif word.startswith("-"):
                fail(f"unknown flag: {word}" if word.startswith("--") else f"unknown shorthand flag: {word}")
            else:
                self.rest.append(word)

    def one(self, name: str, default: str = "") -> str:
        return self.flags.get(name, [default])[-1]

    def pairs(self, name: str) -> dict[str, str]:
        return dict(value.partition("=")[::2] for value in self.flags.get(name, []))


def main(arguments: Sequence[str]) -> None:
    match list(arguments):
        case ["deploy", *words]:
            deploy(Words(words, DEPLOY_VALUES, DEPLOY_SWITCHES))
        case ["machine" | "machines", "run", *words]:
            run(Words(words, RUN_VALUES, RUN_SWITCHES))
        case ["machine" | "machines", "list", *words]:
            machines(Words(words, LIST_VALUES, LIST_SWITCHES))
        case _:
            fail(f'unknown command {" ".join(arguments[:2])!r} for "fly"')


def deploy(words: Words) -> None:
    context = Path(words.rest[0] if words.rest else ".").resolve()
    config = context / words.one("--config", "fly.toml")
    if not config.is_file():
        fail(f"failed loading app config from {config}")
    app = words.one("--app") or tomllib.loads(config.read_text("utf-8")).get("app", "")
    err("==> Verifying app config", f"--> Verified app config for {app}", "==> Building image")
    for line in range(3):
        err(f"#{line + 1} [internal] load build context")
    built = ask("/sim/build", {"context": str(context), "label": words.one("--image-label") or None})
    err("--> Building image done", f"image: {built['image']}", "image size: 45 MB")
    if "--build-only" not in words.flags:
        ask("/sim/deploy", {"image": built["image"], "context": str(context)})
        err("--> Machines are updated")


def run(words: Words) -> None:
    if not words.rest:
        fail("no image argument provided")
    image = words.rest[0]
    body = {
        "image": image,
        "command": words.one("--command", "/bin/bash") if "--shell" in words.flags else "true",
        "env": words.pairs("--env"),
        "metadata": words.pairs("--metadata"),
    }
    err(f"Searching for image '{image}' remotely...")
    status, machine = None, ""
    for event in stream("/sim/run", body):
        if "machine" in event:
            machine = event["machine"]
            err("image found: img_sim")
            say(
                f"Image: {image}@{event['digest']}",
                "Image size: 45 MB",
                "",
                f"Success! A Machine has been successfully launched in app {words.one('--app')}",
                f" Machine ID: {machine}",
            )
        elif "line" in event:
            say(event["line"])
        else:
            status = event["status"]
    say(f"machine {machine} was found and is currently in started state, attempting to destroy...")
    if status != 0:
        fail(f"console: ssh shell: Process exited with status {status}")


def machines(words: Words) -> None:
    app = words.one("--app") or os.environ.get("FLY_APP", "")
    base = os.environ.get("FLY_FLAPS_BASE_URL", os.environ["FLYSIM_URL"])
    request = urllib.request.Request(f"{base}/v1/apps/{app}/machines")
    request.add_header("authorization", f"Bearer {os.environ.get('FLY_API_TOKEN', '').split(' ')[-1]}")
    with urllib.request.urlopen(request, timeout=10) as answer:
        say(json.dumps(json.load(answer), indent=4))


def ask(path: str, body: dict[str, Any]) -> dict[str, Any]:
    with _open(path, body, 120) as answer:
        document: dict[str, Any] = json.load(answer)
        return document


def stream(path: str, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    with _open(path, body, 3600) as answer:
        for line in answer:
            yield json.loads(line)


def _open(path: str, body: dict[str, Any], seconds: int) -> Any:
    data = json.dumps(body).encode("utf-8")
    request = urllib.request.Request(os.environ["FLYSIM_URL"] + path, data=data, method="POST")
    request.add_header("content-type", "application/json")
    try:
        return urllib.request.urlopen(request, timeout=seconds)
    except urllib.error.HTTPError as exc:
        fail(str(json.load(exc).get("error")))
    except OSError as exc:
        fail(f"no simulator: {exc}")


def say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def err(*lines: str) -> None:
    sys.stderr.write("".join(f"{line}\n" for line in lines))
    sys.stderr.flush()


def fail(text: str) -> NoReturn:
    err(f"Error: {text}")
    raise SystemExit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
