"""The way into the archive: files are examined, placed and described, each whole or not at all.

`examination` and what it imports know no Django: they run in processes of their own. `service`
joins the parts; the command ``manage.py ingest`` calls it.
"""
