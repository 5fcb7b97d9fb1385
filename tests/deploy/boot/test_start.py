"""What a machine boots, whatever the store, its memory or the releases are like."""

from __future__ import annotations

import os

import pytest

from flyhot_asgi.control.paths import open_store
from flyhot_asgi.release import boots
from flyhot_asgi.release.config import read_settings
from flyhot_asgi.release.folder import FolderStore
from flyhot_deploy.boot.lay import lay
from flyhot_deploy.boot.start import came_up
from flyhot_deploy.boot.state import Line, change_state
from flyhot_deploy.fetch import fetch
from flyhot_deploy.release.machine import facts_here
from tests.deploy.bundles import OTHER_KEY
from tests.deploy.machines import IMAGE, NEXT_IMAGE, V1, V2, Deployer, Machine, tree_of

V3 = {**V2, "shop/main.py": b"print('three', flush=True)\n"}


def fail_boots(machine: Machine, times: int) -> None:
    """Boots whose process died before the app had started."""
    for number in range(times):
        boot = machine.boot()
        folder = boot.environment[boots.VARIABLE]
        for name in os.listdir(folder):
            if name.startswith(f"{os.getpid()}-"):
                os.rename(os.path.join(folder, name), os.path.join(folder, f"{os.getpid()}-{900 + number}"))


def test_with_nothing_released_the_image_is_booted(machine: Machine) -> None:
    boot = machine.boot()
    assert boot.line is None and tree_of(machine.root) == V1
    assert "booted as it is" in machine.all_said


def test_the_current_release_is_laid_over_the_image(machine: Machine, deployer: Deployer) -> None:
    bundle = deployer.release(V2)
    boot = machine.boot()
    assert boot.line is not None and boot.line.release == bundle.manifest.release
    assert tree_of(machine.root) == V2
    assert not (machine.root / "shop/old.py").exists()


def test_a_second_boot_has_nothing_to_do(machine: Machine, deployer: Deployer) -> None:
    deployer.release(V2)
    machine.boot()
    assert not machine.boot().change
    assert tree_of(machine.root) == V2


def test_a_container_reset_to_its_image_gets_the_release_again(machine: Machine, deployer: Deployer) -> None:
    deployer.release(V2)
    machine.boot()
    machine.reset()
    machine.boot()
    assert tree_of(machine.root) == V2


def test_a_cold_deploy_makes_the_old_release_inapplicable(machine: Machine, deployer: Deployer) -> None:
    deployer.release(V2)
    machine.boot()
    machine.base, machine.image = NEXT_IMAGE, V3
    machine.reset()
    before = deployer.repository.pointer()
    boot = machine.boot()
    assert boot.line is None and tree_of(machine.root) == V3
    assert deployer.repository.pointer() == before


def test_two_images_live_side_by_side(machine: Machine, deployer: Deployer) -> None:
    """A rolling cold deploy, and a hot one on the new image before the old one is gone."""
    deployer.release(V2)
    deployer.release(V3, (NEXT_IMAGE,))
    machine.boot()
    assert tree_of(machine.root) == V2
    machine.base = NEXT_IMAGE
    machine.reset()
    machine.boot()
    assert tree_of(machine.root) == V3


def test_an_unreachable_store_leaves_what_the_machine_has(machine: Machine, deployer: Deployer) -> None:
    deployer.release(V2)
    machine.boot()
    gone = machine.store.rename(machine.store.with_name("gone"))
    machine.store.write_text("in the way")
    boot = machine.boot()
    assert boot.line is not None and tree_of(machine.root) == V2
    assert "can't be asked" in machine.all_said
    machine.reset()
    machine.boot()
    assert tree_of(machine.root) == V1
    machine.store.unlink()
    gone.rename(machine.store)
    machine.boot()
    assert tree_of(machine.root) == V2


def test_a_rollback_to_the_image_holds_over_a_restart(machine: Machine, deployer: Deployer) -> None:
    deployer.release(V2)
    machine.boot()
    deployer.point(None)
    machine.boot()
    assert tree_of(machine.root) == V1


@pytest.mark.parametrize("reset", [True, False])
def test_a_release_that_never_comes_up_is_not_booted_for_ever(
    machine: Machine, deployer: Deployer, reset: bool
) -> None:
    """Also where the disk forgets: the count is in the store then."""
    deployer.release(V2)
    for _ in range(3):
        fail_boots(machine, 1)
        assert tree_of(machine.root) == V2
        if reset:
            machine.reset()
    boot = machine.boot()
    assert boot.line is None and tree_of(machine.root) == V1
    assert "did not come up 3 times" in machine.all_said
    deployer.release(V3)
    machine.boot()
    assert tree_of(machine.root) == V3


def test_coming_up_forgets_the_tries(machine: Machine, deployer: Deployer) -> None:
    deployer.release(V2)
    for _ in range(3):
        fail_boots(machine, 2)
        boot = machine.boot()
        assert tree_of(machine.root) == V2
        came_up(machine.environment | boot.environment)


def test_boots_that_are_still_starting_are_no_failures(machine: Machine, deployer: Deployer) -> None:
    deployer.release(V2)
    for _ in range(5):
        assert machine.boot().line is not None
        deployer.repository.note_boots("m1", {})


def test_a_provisional_release_falls_back_to_the_permanent_one(machine: Machine, deployer: Deployer) -> None:
    deployer.release(V2)
    machine.boot()
    came_up(machine.environment | machine.boot().environment)
    trial = deployer.pack(V3)
    local = _local(machine)
    facts = facts_here(app="shop", channel="main", base=IMAGE)
    fetch(deployer.repository, trial.digest, local, facts)
    line = Line(trial.manifest.release, trial.digest, trial.manifest.sequence, "d1")
    change_state(local.path, lambda state: state.trying(line))
    boot = machine.boot()
    assert boot.provisional and tree_of(machine.root) == V3
    fail_boots(machine, 3)
    boot = machine.boot()
    assert not boot.provisional and tree_of(machine.root) == V2


def test_a_provisional_release_that_was_overtaken_is_dropped(machine: Machine, deployer: Deployer) -> None:
    trial = deployer.pack(V2)
    machine.boot()
    line = Line(trial.manifest.release, trial.digest, trial.manifest.sequence)
    change_state(_local(machine).path, lambda state: state.on(IMAGE).trying(line))
    deployer.release(V3)
    machine.boot()
    assert tree_of(machine.root) == V3


def test_a_release_by_a_stranger_is_not_booted(machine: Machine, deployer: Deployer) -> None:
    forged = deployer.pack(V2, key=OTHER_KEY)
    deployer.point(forged)
    boot = machine.boot()
    assert boot.line is None and tree_of(machine.root) == V1
    assert "nobody here trusts" in machine.all_said


def test_a_pointer_by_a_stranger_is_not_followed(machine: Machine, deployer: Deployer) -> None:
    deployer.point(deployer.pack(V2), key=OTHER_KEY)
    machine.boot()
    assert tree_of(machine.root) == V1


def test_an_older_pointer_is_not_followed(machine: Machine, deployer: Deployer) -> None:
    deployer.release(V2)
    store, key = deployer.repository.store, deployer.repository.keys.pointer
    old = store.get(key).body
    deployer.release(V3)
    machine.boot()
    store.put(key, old)
    machine.boot()
    assert tree_of(machine.root) == V3
    assert "ignored" in machine.all_said


@pytest.mark.parametrize("what", ["manifests", "payloads"])
def test_a_damaged_release_is_not_booted(machine: Machine, deployer: Deployer, what: str) -> None:
    deployer.release(V2)
    store = deployer.repository.store
    for item in list(store.list("shop/")):
        if f"/{what}/" in item.key:
            store.put(item.key, store.get(item.key).body[:-7])
    boot = machine.boot()
    assert boot.line is None and tree_of(machine.root) == V1
    assert "can't be booted" in machine.all_said


def test_a_damaged_local_copy_is_fetched_again(machine: Machine, deployer: Deployer) -> None:
    bundle = deployer.release(V2)
    machine.boot()
    local = _local(machine)
    entry = bundle.manifest.files.entries["shop/main.py"]
    path = local.path / "objects" / entry.sha256[:2] / entry.sha256
    path.chmod(0o644)
    path.write_bytes(b"rubbish")
    (machine.root / "shop/main.py").write_bytes(b"rubbish too")
    lay(machine.root, local, None)
    machine.boot()
    assert tree_of(machine.root) == V2


@pytest.mark.parametrize("damage", [b"", b"rubbish", b'{"format": 1}', b'{"format": 2}', b"[]"])
def test_a_damaged_memory_is_no_memory(machine: Machine, deployer: Deployer, damage: bytes) -> None:
    deployer.release(V2)
    machine.boot()
    (_local(machine).path / "boot.json").write_bytes(damage)
    (machine.root / ".flyhot/laid.json").write_bytes(damage)
    machine.boot()
    assert tree_of(machine.root) == V2


def test_without_an_image_nothing_is_laid_over_a_working_tree(machine: Machine, deployer: Deployer) -> None:
    deployer.release(V2)
    from flyhot_deploy.boot.start import reapply

    said: list[str] = []
    environment = {name: value for name, value in machine.environment.items() if name != "FLY_IMAGE_REF"}
    boot = reapply(machine.root, environment, said.append)
    assert boot.line is None and tree_of(machine.root) == V1
    assert "no image" in said[0]


def test_a_release_for_other_dependencies_is_not_booted(machine: Machine, deployer: Deployer) -> None:
    from flyhot_deploy.packing import Terms, pack_files
    from flyhot_deploy.release.machine import dependencies_of
    from tests.deploy.bundles import KEY

    deployer.sequence = 1
    terms = Terms("shop", "main", 1, (IMAGE,), dependencies=dependencies_of({"starlette": "0.1"}))
    bundle = pack_files(V2, "shop", terms, [KEY])
    deployer.repository.publish(bundle)
    deployer.point(bundle)
    machine.boot()
    assert tree_of(machine.root) == V1
    assert "dependencies differ" in machine.all_said


def test_settings_that_cannot_be_used_never_stop_a_boot(machine: Machine) -> None:
    from flyhot_asgi.errors import FlyhotError
    from flyhot_deploy.boot.start import reapply

    bad = machine.environment | {"FLYHOT_PUBLIC_KEYS": "nonsense"}
    with pytest.raises(FlyhotError):
        reapply(machine.root, bad, lambda _: None)


def _local(machine: Machine) -> FolderStore:
    return open_store(machine.root, read_settings(machine.root))
