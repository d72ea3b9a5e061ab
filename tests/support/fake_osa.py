"""Executables that speak OSA's documented protocol, and analyse nothing.

OSA can't be installed where the tests run. These take the parameters of the manuals, look for the
files that the real ones look for, and leave files of the documented names whose contents are
samples. They show that the engine's calls fit together; that the real OSA does what its manuals
say, they can't.

Run as a program, this file is every one of the executables, by the name it is called by. What it
was called with is a line of ``calls.jsonl`` in ISDC_ENV; ``behaviour.json`` there makes it fail.
"""

import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

EXECUTABLES = (
    *("og_create", "ibis_science_analysis", "jemx_science_analysis", "j_rebin_rmf"),
    *("src_collect", "spe_pick", "lc_pick", "ii_light"),
)
FOLDER = Path(__file__).resolve().parent
#: What the samples hold where the executables put a source's name, and the time.
SOURCE = "NAME-OF-A-SOURCE-IN-THE-SAMPLE"
DATE = "TIME-OF-THE-CREATION"
JEMX_EDGES = [3.04 + 0.12 * n for n in range(257)]


def install(root: Path, repository: Path, scws: list[str], samples: Path) -> None:
    """Put the executables below ``root``, and a repository with these Science Windows.

    samples: what `make_samples` made.
    """
    (root / "bin").mkdir(parents=True)
    (root / "samples").symlink_to(samples)
    (root / "bin" / "isdc_init_env.sh").write_text("export ISDC_INITIALISED=yes\n")
    for name in EXECUTABLES:
        script = root / "bin" / name
        # -I -S: nothing of any installed package, so that it starts at once
        script.write_text(
            f"#!{sys.executable} -IS\nimport sys\nsys.path.insert(0, {str(FOLDER)!r})\n"
            "import fake_osa\nfake_osa.main()\n"
        )
        script.chmod(0o755)
    for folder in ("aux", "ic/jmx1/rsp", "idx/ic", "cat/hec"):
        (repository / folder).mkdir(parents=True)
    copy(samples / "primary.fits", repository / "idx/ic/ic_master_file.fits")
    copy(samples / "primary.fits", repository / "cat/hec/gnrl_refr_cat_0043.fits")
    copy(samples / "fbds.fits", repository / "ic/jmx1/rsp/jmx1_rmf_grp_0046.fits")
    for scw in scws:
        folder = repository / "scw" / scw[:4] / scw
        folder.mkdir(parents=True)
        copy(samples / "primary.fits", folder / "swg.fits")


def calls(root: Path) -> list[dict[str, object]]:
    """What was called, in order: executable, parameters, folder, environment."""
    return [json.loads(line) for line in (root / "calls.jsonl").read_text().splitlines()]


def behave(root: Path, **behaviour: object) -> None:
    """Of the executables by name, how they fail: their output, and their exit status."""
    (root / "behaviour.json").write_text(json.dumps(behaviour))


def main() -> None:
    """One of OSA's executables."""
    name = Path(sys.argv[0]).name
    given = dict(word.split("=", 1) for word in sys.argv[1:])
    root = Path(os.environ["ISDC_ENV"])
    record = {
        "executable": name,
        "parameters": given,
        "folder": Path.cwd().relative_to(os.environ["REP_BASE_PROD"]).as_posix(),
        "environment": dict(os.environ),
        "group": os.getpgid(0),
    }
    with (root / "calls.jsonl").open("a") as file:
        file.write(json.dumps(record) + "\n")
    behaviour_file = root / "behaviour.json"
    if behaviour_file.exists():
        output, status = json.loads(behaviour_file.read_text()).get(name, ("", None))
        print(output, flush=True)
        if status == "hang":
            child = os.fork()
            if child == 0:
                (root / "grandchild").write_text(str(os.getpid()))
            time.sleep(600)
        if status is not None:
            sys.exit(status)
    PROGRAMS[name](given)
    print(f"Log_1 : Task {name} 5.8 terminating with status 0")


def og_create(given: dict[str, str]) -> None:
    instrument = given["instrument"].lower()
    group = Path(given["baseDir"]) / "obs" / given["ogid"]
    for line in Path(given["idxSwg"]).read_text().split():
        path = Path(line.removesuffix("[1]"))
        assert path.is_file(), path
        folder = group / "scw" / path.parent.name
        folder.mkdir(parents=True)
        sample("primary.fits", folder / f"swg_{instrument}.fits")
    sample("primary.fits", group / f"og_{instrument}.fits")


def ibis_science_analysis(given: dict[str, str]) -> None:
    assert Path(given["ogDOL"].removesuffix("[1]")).is_file()
    assert Path(given["IC_Group"].removesuffix("[1]")).is_file()
    end, windows = given["endLevel"], sorted(Path("scw").iterdir())
    if end == "IMA2":
        assert all((window / "isgri_sky_ima.fits").is_file() for window in windows)
        sample(f"image{len(windows)}.fits", Path("isgri_mosa_ima.fits"))
        sample("sources.fits", Path("isgri_mosa_res.fits"))
        return
    if end == "IMA":
        sample("primary.fits", Path("rebinned_back_ima.fits"))
        sample("primary.fits", Path("rebinned_corr_ima.fits"))
        for window in windows:
            sample("image1.fits", window / "isgri_sky_ima.fits")
            sample("sources.fits", window / "isgri_sky_res.fits")
        return
    catalogue = Path(given["SCW2_cat_for_extract"])
    assert catalogue.stat().st_mode & 0o222 == 0, "OSA's scripts would rewrite it"
    for window in windows:
        copy(catalogue, window / ("isgri_spectrum.fits" if end == "SPE" else "isgri_lcr.fits"))
        if end == "SPE":
            sample("primary.fits", window / "isgri_pif.fits")
    if end == "SPE":
        sample("rmf.fits", Path("isgr_rmf_ebds_0001_rbn.fits"))


def jemx_science_analysis(given: dict[str, str]) -> None:
    assert given["jemxNum"] == "1"
    for window in sorted(Path("scw").iterdir()):
        if given["endLevel"] == "IMA":
            sample("image1.fits", window / "jmx1_sky_ima.fits")
            sample("sources.fits", window / "jmx1_srcl_res.fits")
    if given["endLevel"] == "IMA2":
        sample("image1.fits", Path("jmx1_mosa_ima.fits"))
        sample("sources.fits", Path("jmx1_obs_res.fits"))


def ii_light(given: dict[str, str]) -> None:
    for name in ("inSwg", "pifDOL", "backDol", "corrDol"):
        assert Path(given[name]).is_file(), given[name]
    output = Path(given["outLC"].partition("(")[0])
    copy(output.parent / "isgri_spectrum.fits", output)


def src_collect(given: dict[str, str]) -> None:
    window = min(Path("scw").iterdir())
    made = [window / name for name in ("isgri_spectrum.fits", "isgri_lcr.fits")]
    copy(next(path for path in made if path.exists()), Path(given["results"]))


def spe_pick(given: dict[str, str]) -> None:
    sample("pha.fits", Path(given["sumname"] + "_pha.fits"), given["source"])
    sample("arf.fits", Path(given["sumname"] + "_arf.fits"))


def lc_pick(given: dict[str, str]) -> None:
    sample("lc.fits", Path(given["lc"]), given["source"])


def j_rebin_rmf(given: dict[str, str]) -> None:
    sample("rmf.fits", Path(given["outfile"]))


def sample(name: str, path: Path, source: str = "") -> None:
    """A copy of a sample, of that source, made now."""
    content = (Path(os.environ["ISDC_ENV"]) / "samples" / name).read_bytes()
    content = content.replace(SOURCE.encode(), source.ljust(len(SOURCE)).encode())
    path.write_bytes(content.replace(DATE.encode(), f"{time.monotonic_ns():020d}"[-20:].encode()))


def copy(source: Path, target: Path) -> None:
    """A copy that can be written over."""
    target.write_bytes(source.read_bytes())


def make_samples(folder: Path) -> None:
    """Write what the executables give: files of OSA's names and forms."""
    import numpy as np
    from astropy.io import fits
    from sample_spectra import sample_light_curve, sample_response, sample_spectrum

    from analysis.products.catalogue_source import CatalogueSource
    from analysis.products.light_curve import write_light_curve
    from analysis.products.responses import write_ancillary_response, write_redistribution_matrix
    from analysis.products.spectrum import write_spectrum

    primary = fits.PrimaryHDU()
    primary.writeto(folder / "primary.fits")
    bounds = fits.BinTableHDU.from_columns(
        [
            fits.Column("CHANNEL", "J", array=np.arange(256)),
            fits.Column("E_MIN", "E", array=np.array(JEMX_EDGES[:-1])),
            fits.Column("E_MAX", "E", array=np.array(JEMX_EDGES[1:])),
        ],
        name="JMX1-FBDS-MOD",
    )
    fits.HDUList([primary, bounds]).writeto(folder / "fbds.fits")
    source = CatalogueSource(SOURCE, 83.6, 22.0)
    made = [("DATE", DATE, "Creation")]
    write_spectrum(folder / "pha.fits", replace(sample_spectrum(), source=source), cards=made)
    write_light_curve(folder / "lc.fits", replace(sample_light_curve(), source=source), cards=made)
    ancillary, matrix = sample_response()
    write_ancillary_response(folder / "arf.fits", ancillary)
    write_redistribution_matrix(folder / "rmf.fits", matrix)
    for windows in (1, 2):
        _write_image(folder / f"image{windows}.fits", windows)
    table = fits.BinTableHDU.from_columns(
        [
            fits.Column("NAME", "100A", array=np.array(["NEW_1", "Crab"])),
            fits.Column("RA_OBJ", "1E", unit="deg", array=np.array([84.5, 83.63])),
            fits.Column("DEC_OBJ", "1E", unit="deg", array=np.array([22.9, 22.01])),
            fits.Column("RA_FIN", "1E", unit="deg", array=np.array([84.51, 0.0])),
            fits.Column("DEC_FIN", "1E", unit="deg", array=np.array([22.92, 0.0])),
            fits.Column("ERR_RAD", "1E", unit="deg", array=np.array([0.03, 0.001])),
            fits.Column("NEW_SOURCE", "1I", array=np.array([1, -32768])),
            fits.Column("FLUX", "1E", array=np.array([7.0, 165.0])),
            fits.Column("FLUX_ERR", "1E", array=np.array([1.0, 1.1])),
            fits.Column("DETSIG", "1E", array=np.array([7.0, 147.0])),
        ],
        name="ISGR-SKY.-RES",
    )
    table.header["DATE"] = DATE
    fits.HDUList([primary, table]).writeto(folder / "sources.fits")


def _write_image(path: Path, windows: int) -> None:
    """Maps of a field with one source, of so many Science Windows."""
    import numpy as np

    from analysis.products.image_files import write_image
    from analysis.products.sky_maps import SkyMaps
    from analysis.products.tangent_plane import TangentPlane

    shape = (40, 40)
    intensity = np.zeros(shape, dtype=np.float32)
    intensity[20, 20] = 165.0
    variance = np.full(shape, 1.3 / windows, dtype=np.float32)
    variance[0, 0] = 0.0
    maps = SkyMaps(
        plane=TangentPlane.north_up(83.6, 22.0, 0.0823, shape),
        e_min_kev=20.0,
        e_max_kev=40.0,
        t_start_ijd=1320.0,
        t_stop_ijd=1320.1,
        ontime_s=2000.0 * windows,
        livetime_s=1500.0 * windows,
        intensity=intensity,
        variance=variance,
        exposure_s=np.full(shape, 1500.0 * windows, dtype=np.float32),
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        write_image(path, maps)


PROGRAMS = {name: globals()[name] for name in EXECUTABLES}
