"""How much one station may send: a bucket that fills with time. Time is handed in, never read."""


class Quota:
    """At most `per_minute` records a minute for each key; a full minute's worth may come at once."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._spent: dict[str, tuple[float, float]] = {}  # key → (records spent, when counted)

    def spend(self, key_id: str, now_s: float) -> int:
        """0 when this record may pass, else the seconds to wait."""
        spent, since = self._spent.get(key_id, (0.0, now_s))
        spent = max(0.0, spent - (now_s - since) * self._per_minute / 60)
        if spent + 1 > self._per_minute:
            return max(1, round(60 / self._per_minute))
        self._spent[key_id] = (spent + 1, now_s)
        return 0
