"""The deployer misbehaves on the real control socket, in each phase: the process is whole, and serves."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path
from typing import Any

import pytest

from flyhot_asgi.control.decision import Decisions
from flyhot_asgi.control.wire import LEAVING
from flyhot_asgi.runtime.order import read_order

from .deployer import Deployer
from .intact import (
    Picture,
    assert_intact,
    assert_nothing_held,
    assert_single_generation,
    assert_untouched,
    assert_upgraded,
    picture,
)
from .lab import PATIENCE, SECOND, Lab

PHASES = ["prepared", "held", "ready"]


def hang_up(deployer: Deployer) -> str:
    deployer.writer.close()
    return "leave"


def reset(deployer: Deployer) -> str:
    """The other end finds its connection reset: we go away while something is still unread."""
    deployer.writer.transport.abort()
    return "leave"


def half_close(deployer: Deployer) -> None:
    deployer.writer.write_eof()


async def until_free(lab: Lab) -> None:
    """A deployer that has left is noticed in the loop's next turns."""
    async with asyncio.timeout(PATIENCE):
        while lab.process.state != "serving":  # noqa: ASYNC110
            await asyncio.sleep(0.005)  # nothing tells those who have left


async def talk(lab: Lab, tx: str = "", **script: Any) -> tuple[Picture, Deployer]:
    release = await lab.release(SECOND)
    before = picture(lab)
    options = script.pop("options", {"vote_timeout": 0.2})
    deployer = Deployer(lab, **script)

    async def go_through() -> None:
        async with deployer:
            await deployer.upgrade(release.digest, tx or secrets.token_hex(8), **options)

    await asyncio.to_thread(asyncio.run, go_through())  # beside us: while we vote, our own loop stands still
    await until_free(lab)
    return before, deployer


async def test_an_upgrade_over_the_socket(lab: Lab) -> None:
    _, deployer = await talk(lab)
    assert deployer.phases == PHASES and deployer.result is not None
    await assert_upgraded(lab, deployer.result)


@pytest.mark.parametrize("how", [hang_up, reset, half_close], ids=lambda how: how.__name__)
async def test_it_leaves_in_each_phase(lab: Lab, how: Any) -> None:
    for phase in PHASES:
        before, deployer = await talk(lab, **{phase: how})
        await assert_untouched(lab, before, deployer.result)
    await assert_intact(lab, picture(lab), deployer.result)


@pytest.mark.parametrize("how", [hang_up, reset], ids=lambda how: how.__name__)
async def test_it_leaves_while_others_are_late(lab: Lab, how: Any) -> None:
    """It has told us to serve meanwhile, and never comes back to us."""

    def say_and_leave(deployer: Deployer) -> Any:
        deployer.say({"go": "resume"})
        return how(deployer)

    before, deployer = await talk(lab, held=say_and_leave)
    assert deployer.phases == ["prepared", "held"]
    await assert_untouched(lab, before, None)
    await assert_intact(lab, picture(lab), None)


async def test_others_are_late_twice(lab: Lab) -> None:
    late = iter([True, True])

    def wait_for_them(deployer: Deployer) -> None:
        for go in ("resume", "suspend") if next(late, False) else ("apply",):
            deployer.say({"go": go})

    _, deployer = await talk(lab, held=wait_for_them)
    assert deployer.phases == ["prepared", "held", "held", "held", "ready"] and deployer.result is not None
    await assert_upgraded(lab, deployer.result)


@pytest.mark.parametrize("phase", PHASES)
async def test_it_says_something_else(lab: Lab, phase: str) -> None:
    words = (
        b"\x00\xff\xfe noise\n",
        b"[1]\n",
        b'{"go": "abort"}\n',
        b'{"go": "dance"}\n',
        b'{"go": 1}\n{"go": "commit"}\n',
    )
    for word in words:
        before, deployer = await talk(lab, **{phase: word})
        assert deployer.result is None or deployer.result["outcome"] == "aborted"
        await assert_untouched(lab, before, deployer.result)
    await assert_intact(lab, picture(lab), deployer.result)


async def test_it_never_votes(lab: Lab) -> None:
    before, deployer = await talk(lab, ready=lambda _: None)
    assert deployer.result is not None and deployer.result["outcome"] == "aborted"
    assert deployer.result["hold_ms"] < 1500
    assert "within 0.2 s nobody said whether to commit" in deployer.result["error"]["message"]
    await assert_intact(lab, before, deployer.result)


async def test_others_are_waited_for_as_long_as_the_hold_may_last(lab: Lab) -> None:
    """Two workers on a busy machine are not ready at the same time: who is first must not give up for both."""
    release = await lab.release(SECOND)
    order = read_order({"release": release.digest}, release, lab.process.ready().settings)
    assert order.vote_timeout >= order.hold_budget


async def test_its_vote_comes_in_drips_and_never_ends(lab: Lab) -> None:
    """Each byte comes in time; the whole does not."""
    done = asyncio.Event()

    def drip(deployer: Deployer) -> None:
        import threading

        def write() -> None:
            fd = deployer.writer.get_extra_info("socket").dup()
            with fd:
                for byte in b'{"go": "commit"' + b" " * 200:
                    if done.is_set():
                        return
                    try:
                        fd.send(bytes([byte]))
                    except OSError:
                        return
                    threading.Event().wait(0.02)

        threading.Thread(target=write, daemon=True).start()

    before, deployer = await talk(lab, ready=drip)
    done.set()
    assert deployer.result is not None and deployer.result["outcome"] == "aborted"
    assert deployer.result["hold_ms"] < 1500
    await assert_intact(lab, before, deployer.result)


def decisions(lab: Lab) -> Decisions:
    server = lab.process._server
    assert server is not None
    return Decisions(Path(server.path).parent / "decisions")


async def test_it_decided_to_commit_and_died_before_it_could_say_so(lab: Lab) -> None:
    tx = secrets.token_hex(8)

    def decide_and_die(deployer: Deployer) -> str:
        assert decisions(lab).decide(tx, "commit") == "commit"
        return hang_up(deployer)

    await talk(lab, tx, ready=decide_and_die)
    assert lab.main.RELEASE == 2
    assert_nothing_held(lab)
    assert_single_generation(lab)


async def test_another_process_decided_to_abort_first(lab: Lab) -> None:
    tx = secrets.token_hex(8)

    def too_late(deployer: Deployer) -> None:
        assert decisions(lab).decide(tx, "abort") == "abort"
        deployer.say({"go": "commit"})

    before, deployer = await talk(lab, tx, ready=too_late)
    assert deployer.result is not None and deployer.result["outcome"] == "aborted"
    await assert_intact(lab, before, deployer.result)


async def test_the_decision_can_not_be_read(lab: Lab) -> None:
    """Told to commit, it was decided: we do. Told nothing, we stay."""
    tx = secrets.token_hex(8)
    decisions(lab).folder.mkdir(exist_ok=True)
    (decisions(lab).folder / tx).write_text("neither")
    before, deployer = await talk(lab, tx, ready=lambda _: None)
    assert deployer.error is not None or (deployer.result or {})["outcome"] == "aborted"
    await assert_intact(lab, before, deployer.result)


MALFORMED: list[tuple[dict[str, Any], str]] = [
    ({"tx": "../../etc"}, "can't be the name"),
    ({"direction": "sideways"}, "direction"),
    ({"options": [1]}, "options"),
    ({"options": {"hold_budget": "long"}}, "hold_budget"),
    ({"options": {"suspend_timeout": float("inf")}}, "suspend_timeout"),
    ({"options": {"http_drain": -1}}, "http_drain"),
    ({"extra": "x"}, "extra"),
    ({"cold": {"modules": {"m": "names"}}}, "cold"),
    ({"cold": {"modules": {}, "structure": {"a": 1}}}, "cold"),
    ({"release": "f" * 64}, "f" * 12),
    ({"verb": "dance"}, "unknown verb"),
    ({"verb": ["status"]}, "unknown verb"),
]


async def test_a_malformed_request_is_refused_before_anything_is_held(lab: Lab) -> None:
    release = await lab.release(SECOND)
    before = picture(lab)
    for request, word in MALFORMED:
        async with Deployer(lab) as deployer:
            deployer.say({"verb": "upgrade", "release": release.digest, "tx": "t1", **request})
            answer = await deployer.hear()
        assert answer is not None and answer["done"] and answer["ok"] is False
        assert word in answer["error"]["message"]
        await assert_untouched(lab, before, None)
        before = picture(lab)
    await assert_intact(lab, before, None)


async def test_the_app_stops_while_a_deployer_takes_no_answer(lab: Lab) -> None:
    """A half-open client must not keep a server from stopping."""
    release = await lab.release(SECOND)
    async with Deployer(lab) as deployer:
        deployer.say({"verb": "upgrade", "release": release.digest, "tx": "t2"})
        assert (await deployer.hear() or {})["phase"] == "prepared"
        async with asyncio.timeout(PATIENCE):
            await lab.process.stop()
        assert_nothing_held(lab)
        assert [await deployer.hear(), await deployer.hear()] == [LEAVING, None]
    await lab.process.start()
    await assert_upgraded(lab, await lab.upgrade(release))
