"""Engines: what turns event files into products, each behind the same protocol.

`registry` knows them by name, `protocol` says what each offers. An engine is a file with its steps,
its planning and the object ``ENGINE``, and a declaration in the registry.
"""
