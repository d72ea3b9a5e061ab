"""Engines: what turns event files into images, each behind the same steps."""
