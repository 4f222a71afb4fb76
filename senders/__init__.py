"""Connected mailboxes: credentials in a vault, what each may send and when, the transports."""
