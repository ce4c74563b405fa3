"""Where everything is put together: settings, wiring, command line and screens."""
