"""An observation group in which a step calls OSA."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from analysis.engines.osa import commands, results
from analysis.engines.osa.groups import (
    energy_band,
    pack,
    site_settings,
    unpack,
    working_folder,
    write_catalogue,
)
from analysis.engines.osa.installation import NOTHING, OsaInstallation, installation
from analysis.engines.osa.running import run
from analysis.errors import MachineFailure
from analysis.products.catalogue_source import CatalogueSource
from analysis.steps import Parameter, Report, StepInputs


class OsaNotInstalled(MachineFailure):
    """The process that runs the step finds no OSA: its environment lacks VO_OSA_…"""

    retry = False


@dataclass(frozen=True, slots=True)
class ObservationGroup:
    """A group that og_create has made.

    work: the folder that is OSA's repository meanwhile. site: the site's settings, with the
    catalogue of this step. windows: Science Windows, in order.
    """

    instrument: commands.OsaInstrument
    site: commands.OsaSettings
    work: Path
    windows: tuple[str, ...]
    call: Callable[[commands.OsaCommand], None]

    @property
    def folder(self) -> Path:
        """Where the group's files lie."""
        return self.work / commands.GROUP_FOLDER

    def lay_out(self, packed: Sequence[Path]) -> None:
        """Put the results of Science Windows into the group that joins them.

        A Science Window's folder replaces that which og_create made; of the group's own files
        (maps, responses) the first Science Window's stand for all.
        """
        own = {path.name for path in self.folder.iterdir()}
        for path in packed:
            unpack(path, self.folder, "scw/")
        for path in unpack(packed[0], self.work / "first"):
            if path.parent == self.work / "first" and path.name not in own:
                path.rename(self.folder / path.name)

    def keep(self, patterns: Iterable[str], output: Path, **told: object) -> int:
        """Pack what matches, with what is told of it where anything is; the number of files."""
        if told:
            about = self.folder / results.ABOUT
            about.write_text(json.dumps(told, sort_keys=True), encoding="utf-8")
            patterns = (*patterns, results.ABOUT)
        return pack(self.work, patterns, output)


@contextmanager
def observation_group(
    inputs: StepInputs, parameters: Mapping[str, Parameter], near: Path, report: Report
) -> Iterator[ObservationGroup]:
    """Have a group made of the Science Windows that a step is of; it is gone afterwards.

    near: a folder on the file system that it shall be on. Raises `OsaNotInstalled`, `NoScWData`,
    and the failures of OSA's calls.
    """
    osa = installed()
    instrument = commands.INSTRUMENTS[str(parameters["instrument"])]
    scw = str(parameters.get("scw", ""))
    windows = (scw,) if scw else texts(parameters["windows"])
    with working_folder(osa, windows, near) as work:
        site = _site(osa, inputs, parameters, instrument, work)

        def call(command: commands.OsaCommand) -> None:
            run(osa, command, work, report, scw)

        call(commands.og_create(instrument))
        yield ObservationGroup(instrument, site, work, windows, call)


def band_of(parameters: Mapping[str, Parameter]) -> commands.Band:
    """The band of a step; raises `PossiblyWrongEnergyRange`."""
    return energy_band(
        installed(),
        commands.INSTRUMENTS[str(parameters["instrument"])],
        number_of(parameters["e_min_kev"]),
        number_of(parameters["e_max_kev"]),
    )


def installed() -> OsaInstallation:
    """The installation of this site; raises `OsaNotInstalled`."""
    found = installation()
    lacks = NOTHING if found is None else found.missing
    if found is None or lacks:
        raise OsaNotInstalled(f"missing: {lacks}")
    return found


def catalogue_sources(parameters: Mapping[str, Parameter], name: str) -> list[CatalogueSource]:
    """Sources that a parameter names, with their positions in the parameter beside it."""
    names, positions = texts(parameters.get(name)), parameters.get(f"{name}_positions")
    numbers = [number_of(value) for value in positions] if isinstance(positions, tuple) else []
    return [
        CatalogueSource(name, ra, dec)
        for name, ra, dec in zip(names, numbers[::2], numbers[1::2], strict=True)
    ]


def texts(value: Parameter) -> tuple[str, ...]:
    """The texts of a parameter that lists them; none where it isn't there."""
    return tuple(str(item) for item in value) if isinstance(value, tuple) else ()


def number_of(value: Parameter | str | int | float) -> float:
    """A parameter that is a number; raises `TypeError`."""
    if not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return float(value)


def _site(
    osa: OsaInstallation,
    inputs: StepInputs,
    parameters: Mapping[str, Parameter],
    instrument: commands.OsaInstrument,
    work: Path,
) -> commands.OsaSettings:
    """The site's settings, with the catalogue of this step.

    That is the user's own, or the archive's where the step is given one, or OSA's.
    """
    site = site_settings(osa)
    catalogue = site.catalogue
    for path in inputs.all("catalogue"):
        catalogue = f"{path}[1]"
    if "selected" in parameters:
        own = work / "selected.fits"
        write_catalogue(own, instrument, catalogue_sources(parameters, "selected"))
        catalogue = f"{own}[1]"
    return commands.OsaSettings(site.ic_group, site.ic_alias, catalogue)
