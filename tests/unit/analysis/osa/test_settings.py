"""The operator's settings reach the processes that run steps."""

import os

from django.apps import apps

from analysis.engines.osa import installation as osa


def test_settings_become_the_environment_of_processes_that_run_steps(settings, monkeypatch) -> None:
    for name in osa.VARIABLES:
        # what is set here is gone afterwards
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("VO_OSA_VERSION", "OSA10.2")
    settings.VO_OSA = {
        "VO_OSA_ROOT": "/opt/osa",
        "VO_OSA_COMMAND_PREFIX": "apptainer exec --bind /data '/opt/osa 11.sif'",
        "VO_OSA_REP_BASE_PROD": "/data/rep",
        "VO_OSA_REF_CAT": "",
        "VO_OSA_VERSION": "OSA11.2",
        "VO_OSA_TIMEOUT_S": "60.0",
    }
    apps.get_app_config("analysis").ready()
    found = osa.installation()
    assert found is not None
    assert (found.root, str(found.repository), found.timeout_s) == ("/opt/osa", "/data/rep", 60.0)
    assert found.prefix == ("apptainer", "exec", "--bind", "/data", "/opt/osa 11.sif")
    assert found.version == "OSA10.2", "what a cluster's worker is told itself counts"
    assert "VO_OSA_REF_CAT" not in os.environ


def test_every_setting_is_one_that_the_engine_reads() -> None:
    from vo_server.settings import VO_OSA

    assert set(VO_OSA) == set(osa.VARIABLES)
