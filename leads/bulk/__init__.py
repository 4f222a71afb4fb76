"""One thing done with many leads: a tag, a list, suppression, erasure, an export, a field renamed.

In: what to do, and whom it is about: leads that were chosen, or a filter (`flow.begin`). A few are done at once, many in a
worker. Out: a `BulkAction` row, which says how far it is, what became of it, and takes it back where that can be done
(`flow.take_back`). Who is meant is fixed when it begins (`run.fix_targets`), each batch is one transaction, and a worker
that dies is followed by another one after its last batch. May fail: a list that was deleted, a segment that does not hold any
more; then it says so and stops.
"""
