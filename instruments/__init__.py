"""The instruments' facts as values: frames, masks, detectors, files, Science Window identity.

Floor 0: NumPy and astropy only. Simulator, ingest and analysis all read the same facts here, so
that they agree; the sources of the facts are named where they stand.
"""
