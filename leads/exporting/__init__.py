"""Leads → a table: CSV, streamed as it is read, or an XLSX file that a worker makes.

In: a query of leads and the columns wanted (`columns`). Out: rows (`rows`), read through a cursor of the server so that
memory stays flat, then `ecrm.spreadsheet.csv_response` or `files.write_export`. No cell runs as a formula: in CSV a quote
stands in front, in XLSX every cell is a text.
"""
