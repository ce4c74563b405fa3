"""The HTTP service that search asks: which categories a query means, and in what order products go."""
