"""Read and validate embeddings: a named refusal, or one float32 matrix in sample order."""

from probeboard.embeddings.facts import EmbeddingFacts, Embeddings
from probeboard.embeddings.issues import InvalidEmbeddings, Issue, IssueCode
from probeboard.embeddings.read import read_embeddings
from probeboard.embeddings.spec import EmbeddingSpec, widest_encoding_bytes, widest_ids_bytes

__all__ = [
    "EmbeddingFacts",
    "EmbeddingSpec",
    "Embeddings",
    "InvalidEmbeddings",
    "Issue",
    "IssueCode",
    "read_embeddings",
    "widest_encoding_bytes",
    "widest_ids_bytes",
]
