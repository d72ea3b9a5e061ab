"""The worked example of docs/analysis.md, run as it stands there."""

import importlib
import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from dask.utils import parse_bytes
from distributed.cli.dask_worker import main as worker_command

from analysis import workflow_types
from analysis.dask_executor import MEMORY
from analysis.engines import registry
from archive.models import ScienceWindow
from auth.principal import ANONYMOUS
from uws import registry as job_registry
from uws.errors import JobFailure
from uws.parameters import check
from uws.types import JobContext

PAGE = Path(__file__).parents[3] / "docs" / "analysis.md"
BLOCKS = {
    match[1]: match[2]
    for match in re.finditer(r"```python\n# (\w+\.py)\n(.*?)```", PAGE.read_text(), re.DOTALL)
}
Run = Callable[..., tuple[dict[str, Any], list[str]]]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that Python finds, with the example's files."""
    folder = tmp_path / "site"
    folder.mkdir()
    for name in ("event_counts.py", "event_counts_job.py"):
        (folder / name).write_text(BLOCKS[name])
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name in ("event_counts", "event_counts_job"):
        sys.modules.pop(name, None)


@pytest.fixture
def declared(site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The example's job type, declared as the settings would."""
    monkeypatch.setattr(registry, "_declared", dict(registry._declared))
    monkeypatch.setattr(workflow_types, "_modules", dict(workflow_types._modules))
    registry.declare(importlib.import_module("event_counts").DECLARATION)
    (job_type,) = importlib.import_module("event_counts_job").job_types
    job_registry.register(job_type)
    yield job_type
    job_registry.withdraw(job_type.name)


@pytest.fixture
def scws(archive: Path) -> tuple[str, ...]:
    found = ScienceWindow.objects.filter(target_name="Crab").order_by("scw")
    return tuple(found.values_list("scw", flat=True))


@pytest.fixture
def run(declared: Any, scws: tuple[str, ...], tmp_path: Path) -> Run:
    """Runs a job of the example; what it gives, and what it told."""
    numbers = itertools.count()

    def run(**sent: str) -> tuple[dict[str, Any], list[str]]:
        folder = tmp_path / f"job{next(numbers)}"
        folder.mkdir()
        told: list[str] = []

        class Report:
            def progress(self, done: float, total: float, message: str) -> None:
                told.append(message)

            def catch_up(self) -> None:
                pass

            def message(self, text: str) -> None:
                told.append(text)

        values = {"scw_list": scws[:3], **{name: (value,) for name, value in sent.items()}}
        parameters = check(declared.parameters, values)
        context = JobContext(folder.name, ANONYMOUS, parameters, folder, Report())
        declared.run(context)
        for write in context.at_completion:
            write()
        return json.loads((folder / "total.json").read_text()), told

    return run


def test_the_engine_counts_and_what_was_counted_is_not_counted_again(run: Run) -> None:
    first, told = run()
    assert first["science_windows"] == 3
    assert first["events"] > 1000
    assert sum(line.startswith("count ") and line.endswith(" done") for line in told) == 3
    again, told = run()
    assert again == first
    assert not [line for line in told if line.endswith(" done")]


def test_a_failure_names_what_the_step_did_not_know(run: Run, scws: tuple[str, ...]) -> None:
    with pytest.raises(
        JobFailure,
        match=rf"^NoISGRIEvents: Science Window ({'|'.join(scws)}), step count: no event",
    ):
        run(e_min="999", e_max="999.001")


def test_its_jobs_are_planned_like_any(declared: Any, client, scws: tuple[str, ...]) -> None:
    query = {"scw_list": ",".join(scws[:3])}
    text = client.get("/api/plan/event_counts.txt", query).content.decode()
    assert "count × 3: 3 to run  ← events\ntotal: to run        ← count\n" in text
    told = client.get("/api/plan/event_counts", query).json()
    assert told["engines"] == ["event_counts"]
    assert told["kinds"][0]["memory"] == 500_000_000


def test_units_may_be_given_where_the_step_declares_them(declared: Any) -> None:
    from astropy import units as u

    engine = registry.engine("event_counts")
    assert engine.total([], 20, 40) == engine.total([], 20_000 * u.eV, 0.04 * u.MeV)  # type: ignore[attr-defined]


def test_two_lines_of_the_environment_declare_it(site: Path) -> None:
    code = (
        "import django; django.setup()\n"
        "from analysis.engines import registry\n"
        "from uws import registry as jobs\n"
        "from vo_server.activity_kinds import kinds_of_steps\n"
        "print(registry.engine_names(), 'event_counts' in {j.name for j in jobs.all()})\n"
        "print({k.name for k in kinds_of_steps() if k.subtype == 'event_counts'})\n"
        "print(jobs.get('event_counts').preload)\n"
    )
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "vo_server.settings",
        "VO_ANALYSIS_ENGINES": "event_counts",
        "VO_UWS_JOB_MODULES": "event_counts_job",
        "PYTHONPATH": f"{site}{os.pathsep}{Path.cwd()}",
    }
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    names, kinds, preload = done.stdout.splitlines()
    assert "'event_counts'" in names
    assert names.endswith("True")
    assert kinds in ("{'count', 'total'}", "{'total', 'count'}")
    assert "'event_counts'" in preload
    assert "'event_counts_job'" in preload


def test_an_engine_that_makes_images_is_a_choice_of_image_jobs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client, scws: tuple[str, ...]
) -> None:
    """One file and its declaration: another engine for the same job type, nothing else edited."""
    (tmp_path / "other_engine.py").write_text(
        "from analysis.engines.coded_mask_engine import CodedMask\n"
        "from analysis.engines.registry import EngineDeclaration\n"
        "class Other(CodedMask):\n    name = 'other'\n"
        "ENGINE = Other()\n"
        "DECLARATION = EngineDeclaration('other', 'for a test', __name__)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(registry, "_declared", dict(registry._declared))
    registry.declare(importlib.import_module("other_engine").DECLARATION)
    query = {"scw_list": scws[0], "engine": "other", "steps": "1"}
    other = client.get("/api/plan/isgri_image", query).json()
    own = client.get("/api/plan/isgri_image", {**query, "engine": "coded_mask"}).json()
    assert other["engines"] == ["other"]
    assert not {s["identity"] for s in other["graph"]} & {s["identity"] for s in own["graph"]}
    described = client.get("/api/uws/isgri_image").json()["parameters"]
    (engine,) = (parameter for parameter in described if parameter["name"] == "engine")
    assert "other" in engine["options"]
    sys.modules.pop("other_engine")


@pytest.mark.parametrize("system", ["slurm", "htcondor"])
def test_batch_systems_are_told_what_dasks_workers_and_this_server_understand(system: str) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    told = yaml.safe_load(text)["jobqueue"][system]
    option, resources = told["worker-extra-args"]
    assert option in {option for parameter in worker_command.params for option in parameter.opts}
    name, _, amount = resources.partition("=")
    assert name == MEMORY
    assert 0 < float(amount) < parse_bytes(told["memory"])
