"""Settings: safe by default, each documented."""

import os
import subprocess
import sys

from vo_server.configuration import PROJECT_ROOT, Configuration
from vo_server.settings_page import PAGE, page


def test_debug_is_off_by_default() -> None:
    assert Configuration.model_fields["vo_debug"].default is False
    environment = {name: value for name, value in os.environ.items() if name != "VO_DEBUG"}
    told = subprocess.run(
        [sys.executable, "-c", "from vo_server import settings; print(settings.DEBUG)"],
        cwd=PROJECT_ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "False"


def test_every_setting_says_what_it_means() -> None:
    silent = [name for name, field in Configuration.model_fields.items() if not field.description]
    assert silent == []


def test_the_page_of_settings_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew: manage.py document_settings"
