"""Saved filters over leads: rules, made by clicking, that become one condition of one query.

In: what the builder's form says (`builder`), or JSON (`rules`). The `vocabulary` says which fields there are, what may be
asked of each, and how that is said in a query; apps above add fields to it (`vocabulary.SOURCES`: what campaigns know).
Out: a `Q` (`filtering`), always used on a query that starts from the organisation. Nothing that a person typed becomes SQL.
May fail: BadRules, where a rule asks what cannot be asked, or not any more.
"""
