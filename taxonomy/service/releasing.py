"""Publish what search and re-tagging pin."""

from taxonomy.errors import InputError
from taxonomy.ports import Release, UnitOfWork
from taxonomy.tree import Tree

__all__ = ["publish", "published"]


def publish(
    uow: UnitOfWork, taxonomy: str, *, author: str, model_revision: str = "", model_dir: str = ""
) -> Release:
    """Make the head the release, with the model that goes with it, and commit.

    Raises
    ------
    InputError
        The tree is empty.
    UnknownId
        There is no such taxonomy.
    """
    tree = uow.trees.lock(taxonomy)
    if not tree.nodes:
        raise InputError(f"taxonomy {taxonomy!r} is empty: import or build a tree before publishing it")
    release = uow.releases.publish(
        taxonomy, tree, model_revision=model_revision, model_dir=model_dir, author=author
    )
    uow.commit()
    return release


def published(uow: UnitOfWork, taxonomy: str) -> tuple[Release, Tree]:
    """The current release and its tree.

    Raises
    ------
    InputError
        Nothing was published yet.
    """
    if (current := uow.releases.current(taxonomy)) is None:
        raise InputError(
            f"taxonomy {taxonomy!r} has no release: run `shelftree taxonomy publish --name {taxonomy}`"
        )
    return current
