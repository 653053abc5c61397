"""A board as bytes: JSON, CSV and Markdown of the same figures."""

from app.leaderboards.csv_table import to_csv
from app.leaderboards.document import content_of, digest_of, to_bytes, to_json
from app.leaderboards.markdown_table import to_markdown

__all__ = ["content_of", "digest_of", "to_bytes", "to_csv", "to_json", "to_markdown"]
