"""One page or part of a page in each file: it reads state, calls a service and shows the answer."""
