"""The tests. With BIDAO_TEST_DATE=2027-03-01 the server's clock starts there, in this process and every child.

Whoever imports anything from here, a spawned child too, is there before it reads the time; the clock goes on
ticking, so that what waits still ends. SQLite, DuckDB and TLS read the system's clock and are not told.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime

if set_to := os.environ.get("BIDAO_TEST_DATE"):
    import time_machine

    begins = datetime.fromisoformat(set_to)
    time_machine.travel(begins if begins.tzinfo else begins.replace(tzinfo=UTC), tick=True).start()
