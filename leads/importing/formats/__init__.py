"""What an upload is, and how it becomes text that is read row by row: archives, workbooks, vCards."""
