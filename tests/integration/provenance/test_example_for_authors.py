"""The example in docs/provenance.md for authors of workflows: run as it stands there."""

import re
from pathlib import Path

import pytest

from provenance.history import backwards
from provenance.models import Activity, Entity, WasGeneratedBy
from provenance.records import AgentType, Status

pytestmark = pytest.mark.django_db

PAGE = Path(__file__).resolve().parents[3] / "docs" / "provenance.md"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the page says, in a folder with the files that it names."""
    monkeypatch.chdir(tmp_path)
    for name in ("raw.fits", "coefficients.json", "flat.fits"):
        Path(name).write_text(name)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    for _ in range(2):
        exec(compile(code, str(PAGE), "exec"), {})  # noqa: S102 - our own page


def test_the_example_records_what_it_says(run: None, tmp_path: Path) -> None:
    made = Entity.objects.filter(name="flat.fits")
    assert made.count() == 2, "what is made again is a new entity"
    assert Entity.objects.filter(name="raw.fits").count() == 1
    history = backwards([made.first().identifier], None)
    names = {activity.name for activity in history.activities}
    assert names == {"flat_field", "fit"}
    outer = next(a for a in history.activities if a.name == "flat_field")
    inner = next(a for a in history.activities if a.name == "fit")
    assert outer.informants == (inner.id,)
    assert {use.role for use in outer.used} == {"raw", "coefficients"}
    assert [(p.name, p.value, p.description) for p in outer.parameters] == [
        ("degree", "3", "Of the polynomial")
    ]
    software = [i.agent.name for i in outer.agents if i.agent.type is AgentType.SOFTWARE]
    assert any(name.startswith("numpy ") for name in software)
    assert all(activity.status is Status.COMPLETED for activity in history.activities)
    assert all(e.checksum for e in history.entities if e.name)
    assert not any(str(tmp_path) in repr(record) for record in history.entities)


def test_each_file_has_one_maker(run: None) -> None:
    assert WasGeneratedBy.objects.count() == 4
    assert Activity.objects.filter(public=True).count() == 4
