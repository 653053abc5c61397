"""Where notices are written down: in `app.outbox`, which services below notices use as well."""

from app.outbox import note, note_change, note_end

__all__ = ["note", "note_change", "note_end"]
