"""Connecting a mailbox by the provider's own consent page, and what keeps it connected.

In: a person who agrees on our page (`views`), then on Google's or Microsoft's, and comes back with a code (`flow`,
`attempts`). Out: a sender and its grant, sealed (`grants`). What may fail: the person says no or unticks sending, the
attempt is too old or somebody else's, the provider is away. No password is ever asked for (promise p03).
"""
