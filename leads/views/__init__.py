"""Pages: leads, lists and imports, a file each; `table` is the table of leads that the first two share."""
