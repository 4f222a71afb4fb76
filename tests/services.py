"""A pytest plugin that starts the embedded PostgreSQL and Redis before Django's settings are read.

It is loaded first (`-p tests.services` in pyproject.toml), keeps to a data directory of its own, and gives up fsync.
"""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

os.environ["ECRM_DATA_DIR"] = os.environ.get("ECRM_TEST_DATA_DIR") or str(ROOT / "var" / "test")
os.environ["ECRM_ENV"] = "development"
os.environ["ECRM_PUBLIC_URL"] = "http://testserver"
os.environ.pop("ECRM_SUPERVISED", None)

from ecrm import embedded  # noqa: E402

embedded.use_services(durable=False)
