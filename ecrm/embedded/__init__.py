"""A PostgreSQL and a Redis of our own, from Python wheels, where no `DATABASE_URL` and no `REDIS_URL` are set.

`scripts/up` keeps both running as children of its supervisor (`ecrm.embedded.supervisor`); every other command and the
tests start what does not run yet (`use_services`) and stop on exit only what they started. What the processes of one
data directory share (addresses, development keys) stands in its `environment.json`, readable by its owner alone.
"""

from ecrm.embedded.environment import data_dir, prepare_environment
from ecrm.embedded.services import Service, postgres, redis, use_services

__all__ = ["Service", "data_dir", "postgres", "prepare_environment", "redis", "use_services"]
