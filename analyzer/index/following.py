"""The associations in the records of an index, with the ends of connections between them."""

from __future__ import annotations

from analyzer.index.records import Records
from analyzer.tracking.associations import Associations


class Following:
    """Follows *records* from the first: *associations* has what :meth:`catch_up` saw of them."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self.associations = Associations()
        self._seen = self._ended = 0

    def catch_up(self, *, is_over: bool) -> None:
        """Look at the records that came since; *is_over* says that none come any more."""
        for record in self.records.all(self._seen):
            self._end_before(record.number)
            self.associations.take(record)
            self._seen = record.number
        if is_over:
            self._end_before(self._seen + 1)

    def _end_before(self, number: int) -> None:
        """Take the connections that ended before record *number*."""
        ends = self.records.ends
        while self._ended < len(ends) and ends[self._ended].after < number:
            self.associations.end(ends[self._ended])
            self._ended += 1
