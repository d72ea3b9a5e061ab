"""An OSA that only looks like one (`fake_osa`), and a graph to run its steps in."""

from collections.abc import Callable, Iterator
from pathlib import Path

import fake_osa
import pytest

from analysis.engines.osa import installation as osa
from analysis.engines.osa.installation import OsaInstallation
from analysis.steps import RawFile, Step
from provenance.records import EntityRecord

SCWS = ["010200210010.001", "010200220010.001"]


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the executables give."""
    folder = tmp_path_factory.mktemp("osa_samples")
    fake_osa.make_samples(folder)
    return folder


@pytest.fixture
def root(tmp_path: Path, samples: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the executables are; the process's environment names them."""
    root, repository = tmp_path / "osa", tmp_path / "rep"
    fake_osa.install(root, repository, SCWS, samples)
    for name in osa.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VO_OSA_ROOT", str(root))
    monkeypatch.setenv("VO_OSA_REP_BASE_PROD", str(repository))
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    osa.software_digest.cache_clear()
    yield root
    osa.software_digest.cache_clear()


@pytest.fixture
def installed(root: Path) -> OsaInstallation:
    """The installation that the environment names."""
    found = osa.installation()
    assert found is not None
    return found


@pytest.fixture
def events(tmp_path: Path) -> list[RawFile]:
    """The event files of the Science Windows, which OSA finds by itself."""
    files = []
    for scw in SCWS:
        path = tmp_path / f"{scw}.fits"
        path.write_text(scw)
        entity = EntityRecord(f"ivo://test?{scw}", name=scw, checksum=f"sha256:{scw}")
        files.append(RawFile(scw, path, entity))
    return files


class Made:
    """Results of steps, made one after the other in this process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, Path] = {}
        self.messages: list[str] = []

    def of(self, step: Step) -> Path:
        """The result of a step; what it needs is made before it."""
        from analysis.steps import StepInputs

        if step.identity not in self._files:
            files = {
                role: tuple(n.path if isinstance(n, RawFile) else self.of(n) for n in nodes)
                for role, nodes in step.inputs.items()
            }
            folder = self._folder / step.identity
            folder.mkdir(parents=True)
            path = folder / step.kind.file_name
            step.kind.run(StepInputs(files), step.parameters, path, self.messages.append)
            assert [p.name for p in folder.iterdir()] == [path.name], "no working folder is left"
            self._files[step.identity] = path
        return self._files[step.identity]


@pytest.fixture
def made(tmp_path: Path) -> Callable[[], Made]:
    """Makes a fresh set of results."""
    numbers = iter(range(10))
    return lambda: Made(tmp_path / f"made{next(numbers)}")
