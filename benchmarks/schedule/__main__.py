"""What a tick costs, and what one worker sends through slow mail APIs.

    python -m benchmarks.schedule ticks [--enrollments 1000000] [--senders 10000] [--runs 5]
    python -m benchmarks.schedule sending [--senders 200] [--mails 100] [--seconds 0.3]

`ticks`: 200 organisations, 500 running campaigns among 5,000, nobody sends. `sending`: a real worker, as `up` starts it,
through Gmail's API. Without a word, one after the other, each in a process of its own.
"""

import argparse
import subprocess
import sys
import time

from benchmarks.schedule.sending import measure_sending, slow_gmail
from benchmarks.setting import prepare


def ticks(enrollments: int, senders: int, runs: int) -> None:
    prepare()
    from benchmarks.schedule.ticking import measure_ticks
    from benchmarks.schedule.world import World, build

    world = World(senders=senders, enrollments=enrollments)
    started = time.perf_counter()
    build(world)
    print(f"{world.enrollments:,} enrollments seeded in {time.perf_counter() - started:.0f} s", flush=True)
    measure_ticks(world, runs)


def sending(senders: int, mails: int, seconds: float) -> None:
    with slow_gmail(seconds):
        prepare()
        measure_sending(senders, mails)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest="part")
    one = parts.add_parser("ticks")
    one.add_argument("--enrollments", type=int, default=1_000_000)
    one.add_argument("--senders", type=int, default=10_000)
    one.add_argument("--runs", type=int, default=5)
    other = parts.add_parser("sending")
    other.add_argument("--senders", type=int, default=200)
    other.add_argument("--mails", type=int, default=100)
    other.add_argument("--seconds", type=float, default=0.3)
    options = parser.parse_args()
    if options.part == "ticks":
        ticks(options.enrollments, options.senders, options.runs)
    elif options.part == "sending":
        sending(options.senders, options.mails, options.seconds)
    else:
        for part in parts.choices:
            subprocess.run([sys.executable, "-m", "benchmarks.schedule", part], check=True)


if __name__ == "__main__":
    main()
