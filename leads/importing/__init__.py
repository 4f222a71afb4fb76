"""A file of contacts on its way into the leads: read → recognise → map → clean → load, in the order the data passes.

In: an upload (bytes), a mapping of its columns, and what to do with people who are leads already. Out: leads, entries of
a list, counts, and each refused row with its line and reason. A file is applied row by row: what a later row says of the
same person counts as an update (or, where existing leads are kept, is skipped), so a run that died goes on where its last
batch was committed. Before that `check` looks through all of it and writes nothing, and afterwards `undo` takes it back;
all three are `claims` of a worker, and `steer` is how people ask for them. `Unreadable` and `BadMapping` say in words what
is wrong; nothing else stops an import but a bug.
"""
