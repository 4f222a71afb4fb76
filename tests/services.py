"""A pytest plugin that starts the embedded PostgreSQL and Redis before Django's settings are read.

It is loaded first (`-p tests.services` in pyproject.toml), keeps to a data directory of its own, and gives up fsync. With
`-n 2` (pytest-xdist) each worker process has services of its own, and the process that hands out the tests has none.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
HANDS_OUT = not WORKER and "-n" in sys.argv

if WORKER and os.environ.pop("ECRM_TEST_EMBEDDED", ""):
    # What the process that hands out the tests took for its own services.
    os.environ.pop("DATABASE_URL", None)
    os.environ.pop("REDIS_URL", None)
if HANDS_OUT and not (os.environ.get("DATABASE_URL") or os.environ.get("REDIS_URL")):
    os.environ["ECRM_TEST_EMBEDDED"] = "1"

chosen = os.environ.get("ECRM_TEST_DATA_DIR") or str(ROOT / "var" / "test")
os.environ["ECRM_DATA_DIR"] = f"{chosen}-{WORKER}" if WORKER else chosen
os.environ["ECRM_ENV"] = "development"
os.environ["ECRM_PUBLIC_URL"] = "http://testserver"
os.environ.pop("ECRM_SUPERVISED", None)

from ecrm import embedded  # noqa: E402

if not HANDS_OUT:
    embedded.use_services(durable=False)
