"""Tables of a replication as they are kept and put together: words once, and a number for each row.

A table of every measure by week has thousands of rows a replication and a few dozen different words. Frames of text
would take most of the time there is for a replication; they are made once, of all replications together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

Codes = npt.NDArray[np.int32]
Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Words:
    """A column of text: ``words[code]`` by row, missing where the code is -1."""

    codes: Codes
    words: tuple[str, ...]

    def series(self, has_categories: bool = False) -> pd.Series[Any]:
        """Return the column as text, or as categories."""
        import pandas as pd

        if has_categories:
            return pd.Series(pd.Categorical.from_codes(self.codes, pd.Index(self.words, dtype="str")))
        known = pd.Series(list(self.words)) if self.words else pd.Series([], dtype=object)
        if not len(self.codes) or not self.words:
            return pd.Series([None] * len(self.codes), dtype=object)
        return pd.Series(known.array.take(self.codes, allow_fill=bool((self.codes < 0).any())))


Column = Words | Array


@dataclass(frozen=True, slots=True)
class Tidy:
    """A table by column.

    Attributes:
        columns: by name, all of one length.
    """

    columns: Mapping[str, Column]

    def __len__(self) -> int:
        column = next(iter(self.columns.values()))
        return len(column.codes if isinstance(column, Words) else column)

    def frame(self, has_categories: bool = False) -> pd.DataFrame:
        """Return the table as a frame, its text as such or as categories."""
        import pandas as pd

        return pd.DataFrame(
            {name: c.series(has_categories) if isinstance(c, Words) else c for name, c in self.columns.items()},
            copy=False,
        )


def words_of(values: Sequence[str]) -> Words:
    """Return a column of text from its values."""
    return _words_of(tuple(values))


@lru_cache(maxsize=64)
def _words_of(values: tuple[str, ...]) -> Words:
    # Most tables of replications have the same rows.
    number: dict[str, int] = {}
    codes = np.fromiter((number.setdefault(v, len(number)) for v in values), dtype=np.int32, count=len(values))
    return Words(codes, tuple(number))


def tidy_rows(rows: Sequence[Sequence[Any]], names: Sequence[str]) -> Tidy:
    """Return rows by column: text as words, all else as numbers."""
    columns: dict[str, Column] = {}
    for name, values in zip(names, zip(*rows, strict=True) if rows else [()] * len(names), strict=True):
        is_text = not values or isinstance(values[0], str)
        columns[name] = words_of(values) if is_text else np.array(values)
    return Tidy(columns)


def stacked(tables: Sequence[Tidy], keys: Mapping[str, Sequence[object]], is_long: bool = False) -> pd.DataFrame:
    """Return tables one below the other as one frame, with columns in front that tell them apart.

    Args:
        tables: of the same columns; empty ones add nothing.
        keys: columns in front, a value a table.
        is_long: whether text is to stay as numbers of words (categories), since there are millions of rows.
    """
    lengths = [len(table) for table in tables]
    front = {name: _repeated(values, lengths) for name, values in keys.items()}
    # Empty tables would decide the types of the columns; they are kept only where there is nothing else.
    filled = [table for table in tables if len(table)] or list(tables[:1])
    behind = {name: _below([table.columns[name] for table in filled]) for name in filled[0].columns}
    return Tidy(front | behind).frame(is_long)


def _repeated(values: Sequence[object], lengths: Sequence[int]) -> Column:
    if all(isinstance(value, str) for value in values):
        each = words_of([str(value) for value in values])
        return Words(np.repeat(each.codes, lengths), each.words)
    return np.repeat(np.array(values), lengths)


def _below(columns: Sequence[Column]) -> Column:
    """Return one column below the other."""
    if not all(isinstance(column, Words) for column in columns):
        return np.concatenate([column for column in columns if not isinstance(column, Words)])
    number: dict[str, int] = {}
    parts = []
    for column in columns:
        assert isinstance(column, Words)
        # One more for missing, reached by code -1.
        codes = [*(number.setdefault(word, len(number)) for word in column.words), -1]
        parts.append(np.array(codes, dtype=np.int32)[column.codes])
    return Words(np.concatenate(parts), tuple(number))
