"""Writers of tables: a `dali.tables.TableStream` in, bytes out, while the rows arrive.

Pure: no request, no database, and no file but the spool of FITS. Every writer pulls the first batch
before its first bytes, so that a query that fails at once raises instead of beginning a document.
"""
