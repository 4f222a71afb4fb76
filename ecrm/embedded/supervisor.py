"""`up`: start every process in order, start again what dies, stop all in the reverse order on a signal.

Each child runs in a session of its own, so a Ctrl-C in the terminal reaches only this process, which then stops the
others in good order. A signal only sets a flag; whatever waits looks at it, so nothing is ever torn in half.
"""

import contextlib
import os
import signal
import sys
import time
from dataclasses import dataclass, field, replace
from types import FrameType

from ecrm.embedded import environment as env
from ecrm.embedded.cluster import create_database, postgres
from ecrm.embedded.locks import lock_for_up, take_over
from ecrm.embedded.processes import Service, await_end, bury, ended, run_to_end, stop_process
from ecrm.embedded.programs import Options, catches_mail, choose_catcher, manage, port_is_free, programs
from ecrm.embedded.services import redis

RESTART_SECONDS = 1.0  # the first pause before a dead process is started again; doubles up to …
RESTART_MOST = 30.0
HEALTHY_AFTER = 60.0  # … and starts over once it has lived this long
SERVICES = {"postgres", "redis"}  # stopped last: the others use them
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop(Exception):
    """Somebody asked us to stop."""


class Child:
    """A supervised process."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.process = service.start()
        self.started = time.monotonic()
        self.pause = RESTART_SECONDS
        self.restart_at: float | None = None

    def check(self) -> None:
        """Start it again where it has died, after a pause that grows while it keeps dying."""
        if not ended(self.process):
            return
        now = time.monotonic()
        if self.restart_at is None:
            if now - self.started > HEALTHY_AFTER:
                self.pause = RESTART_SECONDS
            self.restart_at = now + self.pause
            self.pause = min(self.pause * 2, RESTART_MOST)
            say(f"{self.service.name} stopped ({reason(bury(self.process))}); starting it again.")
        elif now >= self.restart_at:
            self.process, self.started, self.restart_at = self.service.start(), now, None


def reason(code: int) -> str:
    """An exit code as a person reads it."""
    return f"exit {code}" if code >= 0 else signal.Signals(-code).name


def say(line: str) -> None:
    with contextlib.suppress(OSError):  # a terminal that is gone does not stop us
        print(line, flush=True)


@dataclass
class Supervisor:
    """One `up`."""

    options: Options
    children: list[Child] = field(default_factory=list)
    signals: int = 0

    def run(self) -> int:
        """Run until a signal; returns the exit code."""
        self.listen()
        os.umask(0o077)  # what is kept is nobody else's
        try:
            with lock_for_up() as ours:
                if not ours:
                    raise RuntimeError(
                        f"eCRM is already running on {env.data_dir()}. Stop it, or choose another --data-dir."
                    )
                try:
                    self.start_all()
                    self.watch()
                finally:
                    self.stop_all()
        except Stop:
            say("Stopped.")
        except (RuntimeError, OSError) as error:
            print(error, file=sys.stderr, flush=True)
            return 1
        return 0

    def listen(self) -> None:
        for number in SIGNALS:
            # `nohup` ignores the terminal's end for us, and means it. Ctrl-C is ours even where a shell ignored it.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self.on_signal)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored, it would reap our children for us

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        self.signals += 1

    def look(self) -> None:
        """Called wherever something waits; raises Stop once a signal has come."""
        if self.signals:
            raise Stop

    def start_all(self) -> None:
        """Services first, then the schema, then everything that uses them; returns once all of it answers."""
        take_over(say, self.look)
        self.check_options()
        os.environ["ECRM_SUPERVISED"] = "1"
        if env.uses_embedded_postgres():
            say("Starting PostgreSQL …")
            self.await_ready(self.launch(postgres(say=say)))
            create_database()
        if env.uses_embedded_redis():
            say("Starting Redis …")
            self.await_ready(self.launch(redis()))
        say("Preparing the database …")
        self.complete(manage("migrate", "migrate", "--verbosity", "0"), "The database could not be brought up to date.")
        self.options = replace(self.options, catcher=choose_catcher(self.options.url))
        if self.options.demo:
            self.complete(manage("demo", "demo", "--verbosity", "0"), "The demonstration could not be made.")
        say("Starting web server, workers and scheduler …")
        started = [self.launch(service) for service in programs(self.options)]
        for child in started:  # all at once: each of them needs a second or two of its own
            self.await_ready(child)
        self.greet()

    def check_options(self) -> None:
        if not port_is_free(self.options.host, self.options.port):
            raise RuntimeError(f"Port {self.options.port} is taken. Choose another with --port.")
        if self.options.demo and not catches_mail():
            raise RuntimeError("--demo needs the mail catcher: leave out ECRM_RELAY_HOST, and ECRM_ENV=production.")

    def launch(self, service: Service) -> Child:
        self.look()
        child = Child(service)
        self.children.append(child)
        return child

    def await_ready(self, child: Child) -> None:
        child.service.wait_ready(child.process, between=self.look)

    def complete(self, command: Service, failure: str) -> None:
        if run_to_end(command, self.look) != 0:
            raise RuntimeError(failure)

    def greet(self) -> None:
        url, catcher = self.options.url, self.options.catcher
        say(f"\neCRM is running at {url}/")
        if catcher:
            say(f"  Mail that it sends is caught at {url}/dev/mail/ (SMTP: localhost, port {catcher})")
        if self.options.demo:
            password = env.kept_values().get("ECRM_DEMO_PASSWORD") or "that you gave it"
            say(f"  Demonstration (simulated): sign in as demo@example.com with the password {password}")
        say(f"  Everything is kept in {env.data_dir()}")
        say("Ctrl-C stops it.")

    def watch(self) -> None:
        while True:
            for child in self.children:
                self.look()
                child.check()
            time.sleep(0.2)

    def stop_all(self) -> None:
        """Ask all programs at once, none of which needs another to stop, then the services; a second signal shortens
        the wait for the programs, never that for the database.
        """
        if self.signals:
            say("\nStopping … (Ctrl-C again does not wait for mail on its way)")
        before = self.signals
        ours = [child for child in self.children if child.service.name not in SERVICES]
        for child in ours:
            if not ended(child.process):
                os.kill(child.process.pid, child.service.stop_signal)
        for child in ours:
            await_end(child.process, hurry=lambda: self.signals > before)
        for child in reversed([child for child in self.children if child.service.name in SERVICES]):
            stop_process(child.process, child.service.stop_signal)
        env.remove_socket_dir()
