"""Where OSA is on this machine, what it lacks, and what makes one installation another.

Light to import: the web server asks for what is missing. The facts come from the environment
(VO_OSA_…), where the processes that run steps find them too.
"""

import hashlib
import os
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

#: What jobs of the engine call.
EXECUTABLES = (
    "og_create",
    "ibis_science_analysis",
    "jemx_science_analysis",
    "j_rebin_rmf",
    "src_collect",
    "spe_pick",
    "lc_pick",
    "ii_light",
)
IC_MASTER = "idx/ic/ic_master_file.fits"
#: Folders of the repository that OSA looks into, linked into the folder that it works in.
REPOSITORY_FOLDERS = ("scw", "aux", "cat", "ic", "idx")
INIT_SCRIPT = "bin/isdc_init_env.sh"
VARIABLES = (
    "VO_OSA_ROOT",
    "VO_OSA_COMMAND_PREFIX",
    "VO_OSA_REP_BASE_PROD",
    "VO_OSA_REF_CAT",
    "VO_OSA_IC_ALIAS",
    "VO_OSA_VERSION",
    "VO_OSA_TIMEOUT_S",
)


@dataclass(frozen=True, slots=True)
class OsaInstallation:
    """An installation of OSA.

    root: ISDC_ENV, below which OSA's ``bin`` lies; inside the container, where there is one.
    prefix: command that every call is handed to, such as ``apptainer exec osa.sif``; empty for
    a local installation. repository: REP_BASE_PROD of the site: an archive with ``scw``, ``aux``,
    ``cat`` and the instrument characteristics (``ic``, ``idx/ic``). reference_catalogue: FITS file
    with an extension in brackets, ISDC_REF_CAT; empty: the newest in ``cat/hec``.
    ic_alias: IC_Alias. version: as told to users, such as ``OSA11.2``. timeout_s: of one call.
    """

    root: str
    prefix: tuple[str, ...]
    repository: Path
    reference_catalogue: str = ""
    ic_alias: str = "OSA"
    version: str = "OSA11.2"
    timeout_s: float = 6 * 3600.0

    @property
    def missing(self) -> str:
        """What this machine lacks, in words for users, without paths; empty where nothing is."""
        lacks = [*self._lacking_programs(), *self._lacking_data()]
        return "; ".join(lacks)

    def _lacking_programs(self) -> list[str]:
        if self.prefix:
            lacks = []
            if shutil.which(self.prefix[0]) is None:
                lacks.append(f"the command {Path(self.prefix[0]).name} of VO_OSA_COMMAND_PREFIX")
            images = [Path(word) for word in self.prefix if word.endswith(".sif")]
            if any(not image.is_file() for image in images):
                lacks.append("the container image of VO_OSA_COMMAND_PREFIX")
            return lacks
        folder = Path(self.root) / "bin"
        absent = [name for name in EXECUTABLES if not os.access(folder / name, os.X_OK)]
        lacks = [f"OSA's executables {', '.join(absent)} (VO_OSA_ROOT)"] if absent else []
        if not (Path(self.root) / INIT_SCRIPT).is_file():
            lacks.append("OSA's isdc_init_env.sh (VO_OSA_ROOT)")
        return lacks

    def _lacking_data(self) -> list[str]:
        lacks = []
        if not (self.repository / IC_MASTER).is_file():
            lacks.append(f"the instrument characteristics ({IC_MASTER}, VO_OSA_REP_BASE_PROD)")
        if not (self.repository / "aux").is_dir():
            lacks.append("the auxiliary data (aux, VO_OSA_REP_BASE_PROD)")
        if self.catalogue is None:
            lacks.append("the reference catalogue (cat/hec, VO_OSA_REF_CAT)")
        return lacks

    @property
    def catalogue(self) -> str | None:
        """ISDC_REF_CAT: the catalogue with its extension; ``None`` where there is none."""
        if self.reference_catalogue:
            file = self.reference_catalogue.partition("[")[0]
            return self.reference_catalogue if Path(file).is_file() else None
        editions = sorted((self.repository / "cat" / "hec").glob("gnrl_refr_cat_[0-9]*.fits"))
        return f"{editions[-1]}[1]" if editions else None

    def digest(self) -> str:
        """SHA-256 of OSA's version, its executables with their settings, and the index of its IC.

        The settings are the parameter files below ``pfiles``: what a call doesn't say, they do.

        A container counts by its image's file, whose content its size and time of change stand
        for: images have gigabytes.
        """
        hasher = hashlib.sha256()
        hasher.update(f"{self.version}\0{self.ic_alias}\0".encode())
        for word in self.prefix:
            hasher.update(f"{Path(word).name}\0".encode())
            if word.endswith(".sif") and Path(word).is_file():
                status = Path(word).stat()
                hasher.update(f"{status.st_size} {status.st_mtime_ns}\0".encode())
        if not self.prefix:
            for name in EXECUTABLES:
                hasher.update(
                    hashlib.sha256((Path(self.root) / "bin" / name).read_bytes()).digest()
                )
            for path in sorted((Path(self.root) / "pfiles").glob("*.par")):
                hasher.update(f"{path.name}\0".encode())
                hasher.update(hashlib.sha256(path.read_bytes()).digest())
        index = self.repository / "idx" / "ic"
        for path in sorted(index.glob("*.fits")):
            hasher.update(f"{path.name}\0".encode())
            hasher.update(hashlib.sha256(path.read_bytes()).digest())
        return hasher.hexdigest()


NOTHING = (
    "OSA's executables (og_create, ibis_science_analysis) and its instrument characteristics"
    " (VO_OSA_ROOT, VO_OSA_REP_BASE_PROD)"
)


def installation(environment: Mapping[str, str] | None = None) -> OsaInstallation | None:
    """The installation that the environment names, ``None`` where it names none."""
    found = os.environ if environment is None else environment
    prefix = tuple(shlex.split(found.get("VO_OSA_COMMAND_PREFIX", "")))
    root = found.get("VO_OSA_ROOT", "")
    if not root and not prefix:
        return None
    return OsaInstallation(
        root=root,
        prefix=prefix,
        repository=Path(found.get("VO_OSA_REP_BASE_PROD", "") or "/nonexistent"),
        reference_catalogue=found.get("VO_OSA_REF_CAT", ""),
        ic_alias=found.get("VO_OSA_IC_ALIAS", "") or "OSA",
        version=found.get("VO_OSA_VERSION", "") or "OSA11.2",
        timeout_s=float(found.get("VO_OSA_TIMEOUT_S", "") or 6 * 3600.0),
    )


def missing() -> str:
    """What this machine lacks to use OSA, in words for users; empty where nothing is."""
    found = installation()
    return NOTHING if found is None else found.missing


@cache
def software_digest() -> str:
    """The digest of the installation, as this process found it at first."""
    found = installation()
    if found is None:
        raise FileNotFoundError(NOTHING)
    return found.digest()
