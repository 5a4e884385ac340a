"""Reading a JSON file of hundreds of megabytes entry by entry, in the memory of one entry."""
import json
from collections.abc import Iterator
from typing import Any, TextIO

_SPACE = ' \t\n\r'
_AFTER = frozenset(_SPACE + ',:]}')


class JsonStream:
    """Steps through JSON text, value by value.

    Args:
        file: The open text file.
        block: Characters read at a time.
    """

    def __init__(self, file: TextIO, block: int = 2**22) -> None:
        self._file = file
        self._block = block
        self._text = ''
        self._place = 0
        self._decode = json.JSONDecoder().raw_decode

    def members(self) -> Iterator[str]:
        """Names of an object's members; each value must be taken before the next name.

        Raises:
            ValueError: If no object stands here.
        """
        self._expect('{')
        if self._peek() != '}':
            while True:
                name, _ = self.value()
                if not isinstance(name, str):
                    raise ValueError(f'the name of a member is {name!r}')
                self._expect(':')
                yield name
                if self._peek() != ',':
                    break
                self._expect(',')
        self._expect('}')

    def entries(self) -> Iterator[tuple[Any, str]]:
        """Values of an array, each with its text.

        Raises:
            ValueError: If no array stands here.
        """
        self._expect('[')
        if self._peek() != ']':
            while True:
                yield self.value()
                if self._peek() != ',':
                    break
                self._expect(',')
        self._expect(']')

    def value(self) -> tuple[Any, str]:
        """The value that stands here, and its text.

        Raises:
            ValueError: If it is no JSON, or the file ends within it.
        """
        self._peek()
        while True:
            try:
                value, end = self._decode(self._text, self._place)
                complete = self._text[end:end + 1] in _AFTER  # else a number may go on in the next block
            except ValueError:
                complete = False
                if not self._read():
                    raise
            else:
                if complete or not self._read():
                    text = self._text[self._place:end]
                    self._place = end
                    return value, text

    def end(self) -> None:
        """Raise ValueError if anything but blanks is left."""
        if self._peek():
            raise ValueError(f'{self._peek()!r} after the end')

    def _peek(self) -> str:
        """The next character that is not blank, or '' at the end of the file."""
        while True:
            text, place = self._text, self._place
            while place < len(text) and text[place] in _SPACE:
                place += 1
            self._place = place
            if place < len(text):
                return text[place]
            if not self._read():
                return ''

    def _expect(self, character: str) -> None:
        found = self._peek()
        if found != character:
            raise ValueError(f'{character!r} is expected, {found!r} found' if found else 'the file ends too early')
        self._place += 1

    def _read(self) -> bool:
        # at least as much again as is pending, so that a value of any length is tried only a few times
        new = self._file.read(max(self._block, len(self._text) - self._place))
        if new:
            self._text = self._text[self._place:] + new
            self._place = 0
        return bool(new)
