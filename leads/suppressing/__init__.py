"""What people do with the suppression list itself; what it does to leads is `leads.suppression` and `leads.mailable`.

In: what is typed or pasted (`typed`), or a file (`files` keeps and looks at it, `run` is the worker's side). Out: a page of the
list (`listing`), and all of it as CSV (`export`). What may fail: an entry that is no address and no domain, said with its
line; a file that is no table (`Unreadable`).
"""
