"""The evidence for routing and reranking that needs a library: words, vectors, posteriors."""
