"""Use cases over the ports: each one a transaction that a screen, a command or a job can ask for."""
