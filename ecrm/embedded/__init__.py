"""A PostgreSQL and a Redis of our own, from Python wheels, where no `DATABASE_URL` and no `REDIS_URL` are set.

`scripts/up` keeps both running as children of its supervisor (`supervisor`, whose list is `programs`); every other command
and the tests start what does not run yet (`services`) and stop on exit only what they started. What the processes of one
data directory share (addresses, development keys) stands in its `environment.json`, readable by its owner alone; who uses
it is a matter of `locks`. No child outlives its parent, however that one ends (`processes`).
"""

from ecrm.embedded.environment import data_dir, prepare_environment
from ecrm.embedded.services import use_services

__all__ = ["data_dir", "prepare_environment", "use_services"]
