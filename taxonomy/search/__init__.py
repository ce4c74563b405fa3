"""What search asks of a tree: which nodes a query means, and in what order products go."""
