"""The bundled sample store and the demo that runs on it."""
