"""OSA's command lines, word by word as its manuals have them."""

from pathlib import Path

import pytest

from analysis.engines.osa import commands
from analysis.engines.osa.commands import Band, OsaSettings
from analysis.engines.osa.installation import OsaInstallation
from analysis.engines.osa.running import command_line, environment

SITE = OsaSettings(
    "/rep/idx/ic/ic_master_file.fits[1]", "OSA", "/rep/cat/hec/gnrl_refr_cat_0043.fits[1]"
)
ISGRI, JEMX = commands.INSTRUMENTS["isgri"], commands.INSTRUMENTS["jemx2"]
BAND = Band(20.0, 40.5)
IBIS = """CAT_refCat=/rep/cat/hec/gnrl_refr_cat_0043.fits[1][ISGRI_FLAG>0]
IC_Group=/rep/idx/ic/ic_master_file.fits[1]
IC_Alias=OSA
SWITCH_disableIsgri=no
SWITCH_disablePICsIT=yes
SWITCH_disableCompton=yes
GENERAL_clobber=yes
chatter=2"""


def words(text: str) -> list[str]:
    """The words of a golden command."""
    return [line for line in text.strip().splitlines() if line]


def test_an_observation_group_is_made_of_the_list() -> None:
    assert commands.og_create(ISGRI).words == words(
        """og_create
idxSwg=scw.lis
ogid=vo
baseDir=./
instrument=IBIS"""
    )
    assert "instrument=JMX2" in commands.og_create(JEMX).words


def test_images_of_isgri() -> None:
    command = commands.image(ISGRI, SITE, BAND)
    assert command.folder == "obs/vo"
    assert command.words == words(
        f"""ibis_science_analysis
ogDOL=og_ibis.fits[1]
startLevel=COR
endLevel=IMA
{IBIS}
IBIS_II_ChanNum=1
IBIS_II_E_band_min=20
IBIS_II_E_band_max=40.5
OBS1_SearchMode=3
OBS1_ToSearch=5
OBS1_CleanMode=1
OBS1_MinCatSouSnr=4
OBS1_MinNewSouSnr=5
OBS1_NegModels=1
OBS1_DoPart2=1
OBS1_SouFit=0"""
    )


def test_the_mosaic_of_isgri() -> None:
    assert commands.mosaic(ISGRI, SITE, BAND).words == words(
        f"""ibis_science_analysis
ogDOL=og_ibis.fits[1]
startLevel=IMA2
endLevel=IMA2
{IBIS}
IBIS_II_ChanNum=1
IBIS_II_E_band_min=20
IBIS_II_E_band_max=40.5
OBS1_SearchMode=2
OBS1_ToSearch=500
OBS1_CleanMode=1
OBS1_MinCatSouSnr=6
OBS1_MinNewSouSnr=6
OBS1_NegModels=0
OBS1_DoPart2=2
OBS1_SouFit=0"""
    )


def test_spectra_and_light_curves_of_isgri() -> None:
    assert commands.spectra(ISGRI, SITE, "specat.fits").words == words(
        f"""ibis_science_analysis
ogDOL=og_ibis.fits[1]
startLevel=COR
endLevel=SPE
{IBIS}
SCW2_cat_for_extract=specat.fits
IBIS_SI_inEnergyValues=
IBIS_nregions_spe=1
IBIS_nbins_spe=-62
IBIS_energy_boundaries_spe=15 800"""
    )
    curves = commands.light_curves(ISGRI, SITE, "specat.fits", BAND, 100.0).words
    assert curves[-5:] == words(
        """SCW2_cat_for_extract=specat.fits
ILCR_delta_t=100
ILCR_num_e=1
ILCR_e_min=20
ILCR_e_max=40.5"""
    )
    assert curves[3] == "endLevel=LCR"


def test_short_bins_by_ii_light() -> None:
    assert commands.ii_light("010200210010.001", BAND, 0.5).words == words(
        """ii_light
inSwg=scw/010200210010.001/swg_ibis.fits
num_e=1
e_min=20
e_max=40.5
delta_t=0.5
outLC=scw/010200210010.001/isgri_lcr.fits(ISGR-SRC.-LCR-IDX.tpl)
GTIname=MERGED_ISGRI
context=../../scw/0102/rev.001/idx/isgri_context_index.fits
idxSwitch=../../scw/0102/rev.001/idx/isgri_pxlswtch_index.fits
idxNoise=../../scw/0102/rev.001/idx/isgri_prp_noise_index.fits
backDol=rebinned_back_ima.fits
corrDol=rebinned_corr_ima.fits
pifDOL=scw/010200210010.001/isgri_pif.fits
source_selectDol=
onlydet=no"""
    )


def test_jemx_is_asked_in_channels() -> None:
    band = Band(3.0, 10.0, (46, 82))
    assert commands.image(JEMX, SITE, band).words == words(
        """jemx_science_analysis
ogDOL=og_jmx2.fits[1]
jemxNum=2
startLevel=COR
endLevel=IMA
IC_Group=/rep/idx/ic/ic_master_file.fits[1]
IC_Alias=OSA
CAT_I_refCat=/rep/cat/hec/gnrl_refr_cat_0043.fits[1]
clobber=yes
chatter=2
nChanBins=1
chanLow=46
chanHigh=82"""
    )
    curves = commands.light_curves(JEMX, SITE, "specat.fits", band, 20.0).words
    assert curves[-3:] == ["skipLevels=SPE", "LCR_timeStep=20", "CAT_I_usrCat=specat.fits"]
    spectra = commands.spectra(JEMX, SITE, "specat.fits").words
    assert spectra[-4:] == words(
        """response=jmx2_rebinned_rmf.fits
nChanBins=-4
skipLevels=LCR
CAT_I_usrCat=specat.fits"""
    )
    assert commands.j_rebin_rmf(JEMX, SITE).words[1:] == words(
        """ic_master=/rep/idx/ic/ic_master_file.fits[1]
jemx_num=2
binlist=STD_016
outfile=jmx2_rebinned_rmf.fits"""
    )


def test_picking_a_source_whatever_its_name() -> None:
    name = "IGR J17544-2619; rm -rf /"
    assert commands.spe_pick(ISGRI, name, 3).words == [
        *("spe_pick", "group=og_ibis.fits[1]", f"source={name}", "instrument=isgri"),
        *("sumname=source3", "single=n"),
    ]
    assert commands.lc_pick(ISGRI, name, 3, BAND).words[1:] == [
        *("group=og_ibis.fits[1]", f"source={name}", "instrument=isgri", "lc=source3_lc.fits"),
        *("emin=20", "emax=40.5"),
    ]
    assert commands.src_collect(JEMX).words[1:] == [
        *("group=og_jmx2.fits[1]", "instName=jmx2", "results=sources.fits")
    ]


@pytest.mark.parametrize("prefix", [(), ("apptainer", "exec", "/opt/osa 11.sif")])
def test_calls_go_through_the_sites_prefix_and_osas_own_set_up(prefix) -> None:
    osa = OsaInstallation("/opt/osa", prefix, Path("/rep"))
    assert command_line(osa, commands.og_create(ISGRI)) == [
        *prefix,
        *("bash", "-c", '. "$ISDC_ENV/bin/isdc_init_env.sh" >/dev/null 2>&1; exec "$@"', "osa"),
        *("og_create", "idxSwg=scw.lis", "ogid=vo", "baseDir=./", "instrument=IBIS"),
    ]


def test_the_environment_is_osas_and_holds_nothing_of_the_servers(monkeypatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    monkeypatch.setenv("VO_SECRET_KEY", "secret")
    monkeypatch.setenv("PATH", "/usr/bin")
    osa = OsaInstallation("/opt/osa", (), Path("/rep"))
    assert environment(osa, Path("/scratch")) == {
        "ISDC_ENV": "/opt/osa",
        "REP_BASE_PROD": "/scratch",
        "ISDC_REF_CAT": "",
        "CURRENT_IC": "/rep",
        "CFITSIO_INCLUDE_FILES": "/opt/osa/templates",
        "PFILES": "/scratch/pfiles;/opt/osa/pfiles",
        "COMMONSCRIPT": "1",
        "COMMONLOGFILE": "+/scratch/osa.log",
        "HEADASNOQUERY": "1",
        "HEADASPROMPT": "/dev/null",
        "DISPLAY": "",
        "HOME": "/scratch",
        "TMPDIR": "/scratch",
        "LANG": "C",
        "PATH": "/opt/osa/bin:/usr/bin",
    }


def test_a_container_that_knows_its_osa_is_not_told_where_it_is() -> None:
    told = environment(OsaInstallation("", ("docker", "run"), Path("/rep")), Path("/scratch"))
    assert "ISDC_ENV" not in told
    assert "CFITSIO_INCLUDE_FILES" not in told
