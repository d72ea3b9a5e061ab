"""Set-up of a bare Debian machine, with nothing but the standard library.

Debian packages, the virtual environment, the private PostgreSQL cluster with pgSphere, the roles.
Every step looks first and acts only where something is missing, so that a second run takes seconds.
"""
