"""Formats of what an analysis gives, whichever engine made it: maps, source lists, previews."""
