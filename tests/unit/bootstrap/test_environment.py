"""When the virtual environment is made anew, and when it is left alone."""

import json
from pathlib import Path

import pytest

from bootstrap import environment
from bootstrap.clone import Clone


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What set-up did, instead of asking an index for packages."""
    did: list[str] = []

    def create(clone: Clone) -> None:
        did.append("create")
        clone.python.parent.mkdir(parents=True, exist_ok=True)
        clone.python.touch()
        (clone.environment_folder / "installed.json").unlink(missing_ok=True)

    monkeypatch.setattr(environment, "_create", create)
    monkeypatch.setattr(environment, "_install", lambda clone, lock: did.append(lock.name))
    return did


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    clone = Clone(tmp_path)
    clone.lock.write_text("django==5.2.1\n", encoding="utf-8")
    clone.development_lock.write_text("django==5.2.1\nruff==1\n", encoding="utf-8")
    return clone


def require(clone: Clone, done: list[str], *, development: bool = False) -> list[str]:
    done.clear()
    environment.require(clone, development=development)
    return list(done)


def test_the_second_time_there_is_nothing_to_do(clone: Clone, done: list[str]) -> None:
    assert require(clone, done) == ["create", "requirements.lock"]
    assert require(clone, done) == []


def test_tests_add_to_the_same_environment(clone: Clone, done: list[str]) -> None:
    require(clone, done)
    assert require(clone, done, development=True) == ["requirements-dev.lock"]
    assert require(clone, done, development=True) == []


def test_an_environment_made_for_tests_serves_the_server(clone: Clone, done: list[str]) -> None:
    require(clone, done, development=True)
    assert require(clone, done) == []


def test_a_changed_lock_makes_it_anew(clone: Clone, done: list[str]) -> None:
    require(clone, done, development=True)
    clone.lock.write_text("django==5.2.2\n", encoding="utf-8")
    assert require(clone, done) == ["create", "requirements.lock"]


def test_a_changed_lock_of_tests_alone_only_adds(clone: Clone, done: list[str]) -> None:
    require(clone, done, development=True)
    clone.development_lock.write_text("django==5.2.1\nruff==2\n", encoding="utf-8")
    assert require(clone, done) == []
    assert require(clone, done, development=True) == ["requirements-dev.lock"]


def test_an_interrupted_installation_is_begun_again(
    clone: Clone, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(clone: Clone, lock: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(environment, "_install", interrupted)
        with pytest.raises(KeyboardInterrupt):
            environment.require(clone, development=False)
    assert require(clone, done) == ["create", "requirements.lock"]


def test_a_broken_stamp_is_no_stamp(clone: Clone, done: list[str]) -> None:
    require(clone, done)
    stamp = clone.environment_folder / "installed.json"
    assert json.loads(stamp.read_text(encoding="utf-8"))
    stamp.write_text("{", encoding="utf-8")
    assert require(clone, done) == ["create", "requirements.lock"]
