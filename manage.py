#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys

from django.core.management import execute_from_command_line
from django.db import OperationalError, ProgrammingError

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vo_server.settings")
    try:
        execute_from_command_line(sys.argv)
    except (OperationalError, ProgrammingError) as error:
        if "--traceback" in sys.argv:
            raise
        told = " ".join(str(error).split("\nLINE ")[0].split())
        hint = "" if isinstance(error, OperationalError) else "; has `manage.py migrate` been run?"
        sys.exit(f"the database can't be used: {told}{hint} (--traceback tells more)")
