"""Commands of manage.py that concern the server as a whole."""
