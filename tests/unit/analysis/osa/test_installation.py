"""What a site lacks is said; what it has is part of what its results are."""

from pathlib import Path

import pytest

from analysis.engines.osa import installation as osa
from analysis.engines.registry import EngineNotInstalledError, engine, require_installed


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """No OSA."""
    for name in osa.VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("nowhere")
def test_without_osa_the_answer_says_what_is_missing() -> None:
    with pytest.raises(EngineNotInstalledError) as refused:
        require_installed("osa")
    said = str(refused.value)
    assert said.startswith("engine 'osa' is not installed here; missing: OSA's executables")
    assert "og_create, ibis_science_analysis" in said
    assert "VO_OSA_ROOT" in said
    assert said.endswith("choose engine=coded_mask")


def test_a_whole_installation_can_be_used(root: Path) -> None:
    assert osa.missing() == ""
    assert engine("osa").libraries["OSA"] == "11.2"


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ("osa/bin/spe_pick", "OSA's executables spe_pick (VO_OSA_ROOT)"),
        ("osa/bin/isdc_init_env.sh", "OSA's isdc_init_env.sh (VO_OSA_ROOT)"),
        ("rep/idx/ic/ic_master_file.fits", "the instrument characteristics (idx/ic/ic_master"),
        ("rep/cat/hec/gnrl_refr_cat_0043.fits", "the reference catalogue (cat/hec"),
    ],
)
def test_each_missing_part_is_named(root: Path, gone: str, said: str) -> None:
    (root.parent / gone).unlink()
    assert osa.missing().startswith(said)
    assert str(root) not in osa.missing(), "no folder of the machine is told"


def test_a_container_needs_its_command_and_its_image(root: Path, monkeypatch) -> None:
    monkeypatch.setenv("VO_OSA_COMMAND_PREFIX", "no-such-runtime exec /none/osa.sif")
    assert osa.missing() == (
        "the command no-such-runtime of VO_OSA_COMMAND_PREFIX;"
        " the container image of VO_OSA_COMMAND_PREFIX"
    )


def test_the_newest_catalogue_is_taken(root: Path, installed) -> None:
    hec = root.parent / "rep/cat/hec"
    (hec / "gnrl_refr_cat_0041.fits").touch()
    assert installed.catalogue == f"{hec}/gnrl_refr_cat_0043.fits[1]"


def test_another_osa_or_other_characteristics_are_another_software(root: Path, installed) -> None:
    first = installed.digest()
    assert installed.digest() == first
    (root / "bin" / "ii_light").write_text("#!/bin/sh\necho other\n")
    other = installed.digest()
    assert other != first
    (root.parent / "rep/idx/ic/ic_master_file.fits").write_text("newer")
    newer = installed.digest()
    assert newer not in (first, other)
    # what a call leaves open, the executables' files of settings say
    (root / "pfiles").mkdir()
    (root / "pfiles" / "ii_light.par").write_text("onlydet,b,a,no,,,\n")
    assert installed.digest() not in (first, other, newer)
