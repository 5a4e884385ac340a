"""The page that ``gpu.py`` writes, row by row, so that a run that is stopped leaves what it has seen."""
import math
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from page_blocks import fill, table


class TimeIsUp(BaseException):
    """Goes through what is running, whatever errors that takes care of."""


class Page:
    """Tables of what was seen so far.

    Args:
        seconds: After so many, what is running is cut off; nothing that takes longer than what is left is begun.
        path: A page whose block ``gpu: measured`` is replaced after each row; None only prints.
        hurry: Whether time counts; a trial of the command itself has all it wants.

    Attributes:
        head: What stands above the tables.
        failed: Whether anything was wrong, or failed.
    """

    def __init__(self, seconds: float, path: Path | None = None, hurry: bool = True) -> None:
        self.end = time.monotonic() + seconds if hurry else math.inf
        self.path, self.around = path, path.read_text() if path else ''
        self.head, self.failed = '', False
        self.tables: dict[str, tuple[str, list[list[str]]]] = {}

    def left(self) -> float:
        """Seconds; infinite without hurry."""
        return self.end - time.monotonic()

    def add(self, title: str, header: str, row: list[str]) -> None:
        """Add a row to a table, made when its first row comes."""
        rows = self.tables.setdefault(title, (header, []))[1]
        rows.append([*row, *[''] * (header.count('|') + 1 - len(row))])
        print(f'{title}: {" | ".join(row)}', flush=True)
        if self.path:
            self.path.write_text(fill(self.around, {'measured': self.text()}, mark='gpu'))

    def attempt(self, title: str, header: str, name: str, needs: float,
                function: Callable[[], Iterable[list[str]]]) -> None:
        """Add the rows that a function gives; what is not reached, is cut off, wrong, or fails, is a row, too.

        In the main thread it is cut off at once; in another one it has to know by itself when to end.

        Args:
            title: Of the table.
            header: Its columns, with ``|`` between them.
            name: What is tried.
            needs: Its seconds, more or less.
            function: Yields rows; an AssertionError says that what was computed is wrong.
        """
        print(f'{self.left():.0f} s left: {name}', flush=True)
        if self.left() < needs:
            self.add(title, header, [name, 'not reached'])
            return
        try:
            with self._cut_off():
                for row in function():
                    self.add(title, header, row)
        except (Exception, TimeIsUp) as error:  # the other figures are worth having
            wrong = isinstance(error, AssertionError)
            if self.left() <= 0 and not wrong:  # to be late is no fault
                self.add(title, header, [name, 'cut off'])
                return
            self.failed = True
            what = '**wrong**' if wrong else f'**failed**, {type(error).__name__}'
            self.add(title, header, [name, f'{what}: {" ".join(str(error).split())[:300]}'])

    @contextmanager
    def _cut_off(self) -> Iterator[None]:
        """Raise :class:`TimeIsUp` in the main thread when the time is up."""
        if math.isinf(self.end) or threading.current_thread() is not threading.main_thread():
            yield
            return

        def stop(*_: object) -> None:
            raise TimeIsUp

        before = signal.signal(signal.SIGALRM, stop)
        signal.setitimer(signal.ITIMER_REAL, max(self.left(), 1e-3), 10)  # again, should a destructor swallow it
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def text(self) -> str:
        """The page in Markdown."""
        return '\n\n'.join([self.head, *(f'## {title}\n\n{table(header, rows)}'
                                         for title, (header, rows) in self.tables.items())])
