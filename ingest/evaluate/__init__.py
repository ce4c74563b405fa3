"""Trained models and routers beside what people say, as figures."""
